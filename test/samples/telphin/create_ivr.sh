#!/bin/sh
# Makes a voice menu with curl, step by step as the vendor's documentation does:
# an advertisement that is heard to its end, a greeting that any key cuts, 1 for a
# mobile telephone, 2 for internal number 002, 050 for callers who press nothing,
# and direct dialling of internal numbers.
#
# Settings come from the environment:
#   TELPHIN_URL                    server, as http://localhost:8080/telphin
#   TELPHIN_APP_ID, TELPHIN_APP_SECRET   as made by: tandem credential create --for telphin
#   IVR_NUMBER (default 071), SOUNDS (folder of hello.wav and advertising.wav)
# Prints the id of the menu and its options.
set -eu
number=${IVR_NUMBER:-071}
sounds=${SOUNDS:-.}

# field NAME: the number or text of a field of the JSON on standard input
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p"; }
call() { curl -sS --fail-with-body -H "Authorization: Bearer ${access_token}" "$@"; }
json() { call -H "Content-Type: application/json" "$@"; }

access_token=$(curl -sS --fail-with-body -d grant_type=client_credentials -d client_id="$TELPHIN_APP_ID" \
  -d client_secret="$TELPHIN_APP_SECRET" -X POST "$TELPHIN_URL/oauth/token" | field access_token)
url=$TELPHIN_URL/api/ver1.0

# 1. the sounds
hello=$(call -F file=@"$sounds/hello.wav" -F "title=мой файл приветствия" -X POST "$url/client/@me/sound/" | field id)
advertising=$(call -F file=@"$sounds/advertising.wav" -F "title=мой файл рекламы" -X POST "$url/client/@me/sound/" | field id)

# 2. the internal number of type ivr
ivr=$(json -d '{
  "status": "active",
  "name": "'"$number"'",
  "label": "test IVR",
  "type": "ivr"
}' -X POST "$url/client/@me/extension/" | field id)

# 3. its main context
context=$(json -d '{
  "digit_len": 3,
  "allow_any_dial": true,
  "inter_digit_timeout": 2000,
  "name": "Main context",
  "timeout": 5000
}' -X POST "$url/extension/$ivr/ivr/context/" | field id)

# 4. calls enter there, after five seconds of silence
json -d '{"sleep_time": 5000, "entry_context": '"$context"'}' -X PUT "$url/extension/$ivr/ivr/" >/dev/null

options=$url/extension/$ivr/ivr/context/$context/options
# 5. and 6. what is heard at the start
json -d '{"sound": '"$advertising"', "sound_type": "foreground", "action": "play_sound"}' -X POST "$options/start/rules/" >/dev/null
json -d '{"sound": '"$hello"', "sound_type": "background", "action": "play_sound"}' -X POST "$options/start/rules/" >/dev/null
# 7. and 8. key 1
json -d '{"digits": "1"}' -X POST "$options/" >/dev/null
json -d '{"transfer_dst": "+79876543210", "action": "transfer"}' -X POST "$options/1/rules/" >/dev/null
# 9. key 2
json -d '{"digits": "2"}' -X POST "$options/" >/dev/null
json -d '{"transfer_dst": "002", "action": "transfer"}' -X POST "$options/2/rules/" >/dev/null
# 10. no key, at the path that the documentation prints
json -d '{"transfer_dst": "050", "action": "transfer"}' -X POST "$url/ivr/$ivr/context/$context/options/timeout/rules/" >/dev/null
# 11. what there is now
echo "ivr $ivr"
call -X GET "$options/"
