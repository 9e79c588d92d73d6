#!/bin/sh
# Makes an IVR with every field of the vendor's page: key 1 for an extension, two
# retries after wrong keys and two after silence, each with its prompts and its
# destination in the end. Prints the answer.
#
# Settings come from the environment:
#   SMARTFLO_URL    server, as http://localhost:8080/smartflo
#   SMARTFLO_TOKEN  access token
#   RECORDING, INVALID_RECORDING, INVALID_FINAL, TIMEOUT_RETRY, TIMEOUT_FINAL  numbers of recordings
#   DESTINATION, INVALID_DESTINATION, TIMEOUT_DESTINATION  EIDs, default those of the page
#   TIMEOUT         seconds, default 30
#   SMS_TEMPLATE    number of a template, default none
set -eu
curl -sS --fail-with-body --request POST \
  --url "$SMARTFLO_URL/v1/ivr" \
  --header 'accept: application/json' \
  --header 'content-type: application/json' \
  --header "authorization: Bearer $SMARTFLO_TOKEN" \
  --data '{
  "name": "Election IVR",
  "description": "Election IVR Description",
  "recording": "recording|'"$RECORDING"'",
  "timeout": '"${TIMEOUT:-30}"',
  "option": ["1"],
  "destination": ["extension|'"${DESTINATION:-05047530000}"'"],
  "incorrect_count": 2,
  "timeout_recording": "recording|'"$TIMEOUT_FINAL"'",
  "invalid_recording": "recording|'"$INVALID_RECORDING"'",
  "invalid_destination": "extension|'"${INVALID_DESTINATION:-05047530099}"'",
  "timeout_retry_recording": "recording|'"$TIMEOUT_RETRY"'",
  "timeout_destination": "extension|'"${TIMEOUT_DESTINATION:-05047530675}"'",
  "sms_template": ['"${SMS_TEMPLATE:-0}"'],
  "timeout_tries": 2,
  "recording_invalid": "recording|'"$INVALID_FINAL"'"
}'
