#!/bin/sh
# Uploads a sound file and prints the answer, which holds the recording's id.
#
# Settings come from the environment:
#   SMARTFLO_URL    server, as http://localhost:8080/smartflo
#   SMARTFLO_TOKEN  access token
#   FILE, NAME      the file (WAV or MP3) and the recording's name
set -eu
curl -sS --fail-with-body --request POST \
  --url "$SMARTFLO_URL/v1/recording" \
  --header "authorization: Bearer $SMARTFLO_TOKEN" \
  --form "audio_name=$NAME" --form type=file --form "file=@$FILE"
