"""Change a menu: key 1 calls a telephone number, key 2 a user, key 3 goes on in another app.

Settings come from the environment:
  SONETEL_URL      base URL with a slash at its end, as http://localhost:8080/sonetel/
  SONETEL_TOKEN    access token        SONETEL_ACCOUNT  account id
  IVR_ID, IVR_NAME the menu to change, and its name
  USER_ID, PHONE_NUMBER, APP_ID        where the keys lead
"""
import json
import os

import requests

base_url = os.environ["SONETEL_URL"]
access_token = os.environ["SONETEL_TOKEN"]
acc_id = os.environ["SONETEL_ACCOUNT"]
app_id = os.environ["IVR_ID"]

body = json.dumps({
    "app_type": "ivr",
    "play_menu": "yes",
    "name": os.environ["IVR_NAME"],
    "voice": "en",
    "play_welcome": "yes",
    "get_extension": "yes",
    "menu": {
        "digit_1": {"action": "call", "to": "phnum", "id": os.environ["PHONE_NUMBER"]},
        "digit_2": {"action": "call", "to": "user", "id": os.environ["USER_ID"]},
        "digit_3": {"action": "connect", "to": "app", "id": os.environ["APP_ID"]},
    },
})

headers = {
    "Authorization": "Bearer {}".format(access_token),
    "Content-Type": "application/json;charset=UTF-8",
}


def update_ivr():
    answer = requests.request("PUT", "{}account/{}/voiceapp/{}".format(base_url, acc_id, app_id),
                              headers=headers, data=body, timeout=30).json()
    print(json.dumps(answer))
    return answer["status"] == "success"


if update_ivr():
    print("IVR updated successfully")
else:
    raise SystemExit("the IVR was not updated")
