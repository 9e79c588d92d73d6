# As conversation.sh, with net/http.
require 'uri'
require 'net/http'

url = URI(ENV["ROUTEE_URL"] + "/voice/conversation")
http = Net::HTTP.new(url.host, url.port)
request = Net::HTTP::Post.new(url)
request["authorization"] = 'Bearer ' + ENV["ROUTEE_TOKEN"]
request["content-type"] = 'application/json'
request["cache-control"] = 'no-cache'
request.body = "{\n \"from\":\"Company Name\",\n \"to\":{\"phone\":\"+30691111111\"},\n \"dialPlan\": {\n \"verbs\":[\n {\n \"type\": \"SAY\",\n \"message\": {\n \"language\": \"en-GB\",\n \"gender\": \"female\",\n \"text\": \"Please enter your four digits service number and then press the pound key.\"\n }\n },\n {\n \"type\":\"PAUSE\",\n \"duration\": 10\n },\n {\n \"type\": \"COLLECT\",\n \"eventUrl\": \"http://www.example.com\",\n \"maxDigits\": 4,\n \"submitOnHash\": true\n }\n ]\n }\n}"
response = http.request(request)
puts response.read_body
