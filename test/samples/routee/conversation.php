<?php
// As conversation.sh, with the curl extension.
$curl = curl_init();
curl_setopt_array($curl, array(
  CURLOPT_URL => getenv("ROUTEE_URL") . "/voice/conversation",
  CURLOPT_RETURNTRANSFER => true,
  CURLOPT_ENCODING => "",
  CURLOPT_MAXREDIRS => 10,
  CURLOPT_TIMEOUT => 30,
  CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
  CURLOPT_CUSTOMREQUEST => "POST",
  CURLOPT_POSTFIELDS => "{\n \"from\":\"Company Name\",\n \"to\":{\"phone\":\"+30691111111\"},\n \"dialPlan\": {\n \"verbs\":[\n {\n \"type\": \"SAY\",\n \"message\": {\n \"language\": \"en-GB\",\n \"gender\": \"female\",\n \"text\": \"Please enter your four digits service number and then press the pound key.\"\n }\n },\n {\n \"type\":\"PAUSE\",\n \"duration\": 10\n },\n {\n \"type\": \"COLLECT\",\n \"eventUrl\": \"http://www.example.com\",\n \"maxDigits\": 4,\n \"submitOnHash\": true\n }\n ]\n }\n}",
  CURLOPT_HTTPHEADER => array(
    "authorization: Bearer " . getenv("ROUTEE_TOKEN"),
    "cache-control: no-cache",
    "content-type: application/json"
  ),
));
$response = curl_exec($curl);
$err = curl_error($curl);
curl_close($curl);
if ($err) {
  echo "cURL Error #:" . $err;
} else {
  echo $response;
}
