#!/bin/sh
# Calls somebody, asks for four keys and submits them. ROUTEE_URL is scheme and
# host of the API, ROUTEE_TOKEN the access token.
curl -sS -X POST \
  "$ROUTEE_URL/voice/conversation" \
  -H "authorization: Bearer $ROUTEE_TOKEN" \
  -H 'cache-control: no-cache' \
  -H 'content-type: application/json' \
  -d '{
 "from": "Company Name",
 "to": {
  "phone": "+30691111111"
 },
 "dialPlan": {
  "verbs": [
   {
    "type": "SAY",
    "message": {
     "language": "en-GB",
     "gender": "female",
     "text": "Please enter your four digits service number and then press the pound key."
    }
   },
   {
    "type": "PAUSE",
    "duration": 10
   },
   {
    "type": "COLLECT",
    "eventUrl": "http://www.example.com",
    "maxDigits": 4,
    "submitOnHash": true
   }
  ]
 }
}'
