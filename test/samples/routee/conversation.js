// As conversation.sh, by $.ajax; outside a browser a few lines stand in for jQuery.
const $ = {
  ajax(s) {
    const answer = fetch(s.url, { method: s.method, headers: s.headers, body: s.data }).then((r) => r.json());
    return { done: (f) => answer.then(f) };
  },
};

var settings = {
  "async": true,
  "crossDomain": true,
  "url": process.env.ROUTEE_URL + "/voice/conversation",
  "method": "POST",
  "headers": {
    "authorization": "Bearer " + process.env.ROUTEE_TOKEN,
    "content-type": "application/json",
    "cache-control": "no-cache"
  },
  "processData": false,
  "data": "{\n \"from\":\"Company Name\",\n \"to\":{\"phone\":\"+30691111111\"},\n \"dialPlan\": {\n \"verbs\":[\n {\n \"type\": \"SAY\",\n \"message\": {\n \"language\": \"en-GB\",\n \"gender\": \"female\",\n \"text\": \"Please enter your four digits service number and then press the pound key.\"\n }\n },\n {\n \"type\":\"PAUSE\",\n \"duration\": 10\n },\n {\n \"type\": \"COLLECT\",\n \"eventUrl\": \"http://www.example.com\",\n \"maxDigits\": 4,\n \"submitOnHash\": true\n }\n ]\n }\n}"
}
$.ajax(settings).done(function (response) {
  console.log(JSON.stringify(response));
});
