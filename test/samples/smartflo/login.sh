#!/bin/sh
# Logs in and prints the access token.
#
# Settings come from the environment:
#   SMARTFLO_URL                      server, as http://localhost:8080/smartflo
#   SMARTFLO_EMAIL, SMARTFLO_PASSWORD as made by: tandem credential create --for smartflo
set -eu
curl -sS --fail-with-body --request POST \
  --url "$SMARTFLO_URL/v1/auth/login" \
  --header 'accept: application/json' \
  --header 'content-type: application/json' \
  --data '{"email":"'"$SMARTFLO_EMAIL"'","password":"'"$SMARTFLO_PASSWORD"'"}' |
  sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'
