#!/usr/bin/python3
"""Makes a voice menu, step by step as the vendor's documentation does.

Settings come from the environment:
  TELPHIN_URL                    server, as http://localhost:8080/telphin
  TELPHIN_APP_ID, TELPHIN_APP_SECRET   as made by: tandem credential create --for telphin
  IVR_NUMBER (default 071), SOUNDS (folder of hello.wav and advertising.wav)
"""
import json
import os

import requests

SERVER = os.environ["TELPHIN_URL"]
URL = SERVER + "/api/ver1.0"
SOUNDS = os.environ.get("SOUNDS", ".")

session = requests.Session()


def send(method, path, **body):
    answer = session.request(method, URL + path, timeout=30, **body)
    if answer.status_code >= 300:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


def post(path, data):
    return send("POST", path, data=json.dumps(data), headers={"content-type": "application/json"})


def upload(name, title):
    with open(os.path.join(SOUNDS, name), "rb") as file:
        return send("POST", "/client/@me/sound/", files={"file": file}, data={"title": title})["id"]


token = requests.post(SERVER + "/oauth/token", timeout=30, data={
    "grant_type": "client_credentials",
    "client_id": os.environ["TELPHIN_APP_ID"],
    "client_secret": os.environ["TELPHIN_APP_SECRET"],
})
if token.status_code != 200:
    raise SystemExit(token.json()["message"])
session.headers["Authorization"] = "Bearer " + token.json()["access_token"]

hello = upload("hello.wav", "мой файл приветствия")
advertising = upload("advertising.wav", "мой файл рекламы")
ivr = post("/client/@me/extension/", {
    "status": "active", "name": os.environ.get("IVR_NUMBER", "071"), "label": "test IVR", "type": "ivr"})["id"]
context = post(f"/extension/{ivr}/ivr/context/", {
    "digit_len": 3, "allow_any_dial": True, "inter_digit_timeout": 2000, "name": "Main context", "timeout": 5000})["id"]
send("PUT", f"/extension/{ivr}/ivr/", data='{"sleep_time": 5000, "entry_context": %d}' % context,
     headers={"Content-Type": "application/json"})

options = f"/extension/{ivr}/ivr/context/{context}/options/"
post(options + "start/rules/", {"sound": advertising, "sound_type": "foreground", "action": "play_sound"})
post(options + "start/rules/", {"sound": hello, "sound_type": "background", "action": "play_sound"})
post(options, {"digits": "1"})
post(options + "1/rules/", {"transfer_dst": "+79876543210", "action": "transfer"})
post(options, {"digits": "2"})
post(options + "2/rules/", {"transfer_dst": "002", "action": "transfer"})
post(f"/ivr/{ivr}/context/{context}/options/timeout/rules/", {"transfer_dst": "050", "action": "transfer"})
print("ivr", ivr)
print(json.dumps(send("GET", options)))
