# As conversation.sh, with http.client.
import http.client
import os
from urllib.parse import urlsplit

base = urlsplit(os.environ["ROUTEE_URL"])
conn = http.client.HTTPConnection(base.netloc)
payload = "{\n \"from\":\"Company Name\",\n \"to\":{\"phone\":\"+30691111111\"},\n \"dialPlan\": {\n \"verbs\":[\n {\n \"type\": \"SAY\",\n \"message\": {\n \"language\": \"en-GB\",\n \"gender\": \"female\",\n \"text\": \"Please enter your four digits service number and then press the pound key.\"\n }\n },\n {\n \"type\":\"PAUSE\",\n \"duration\": 10\n },\n {\n \"type\": \"COLLECT\",\n \"eventUrl\": \"http://www.example.com\",\n \"maxDigits\": 4,\n \"submitOnHash\": true\n }\n ]\n }\n}"
headers = {
    "authorization": "Bearer " + os.environ["ROUTEE_TOKEN"],
    "content-type": "application/json",
    "cache-control": "no-cache",
}
conn.request("POST", base.path + "/voice/conversation", payload, headers)
res = conn.getresponse()
print(res.read().decode("utf-8"))
