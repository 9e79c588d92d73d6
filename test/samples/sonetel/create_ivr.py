"""Make a menu: key 0 calls a user, key 1 a telephone number, key 2 goes on in another app.

Settings come from the environment:
  SONETEL_URL      base URL with a slash at its end, as http://localhost:8080/sonetel/
  SONETEL_TOKEN    access token        SONETEL_ACCOUNT  account id
  IVR_NAME         name of the new menu
  USER_ID, PHONE_NUMBER, APP_ID        where the keys lead
"""
import json
import os

import requests

base_url = os.environ["SONETEL_URL"]
access_token = os.environ["SONETEL_TOKEN"]
acc_id = os.environ["SONETEL_ACCOUNT"]

json_data = json.dumps({
    "app_type": "ivr",
    "play_menu": "yes",
    "name": os.environ["IVR_NAME"],
    "voice": "en",
    "play_welcome": "yes",
    "get_extension": "yes",
    "menu": {
        "digit_0": {"action": "call", "to": "user", "id": os.environ["USER_ID"]},
        "digit_1": {"action": "call", "to": "phnum", "id": os.environ["PHONE_NUMBER"]},
        "digit_2": {"action": "connect", "to": "app", "id": os.environ["APP_ID"]},
    },
})

headers = {
    "Authorization": "Bearer {}".format(access_token),
    "Content-Type": "application/json;charset=UTF-8",
}


def create_new_ivr():
    answer = requests.request("POST", "{}account/{}/voiceapp".format(base_url, acc_id),
                              headers=headers, data=json_data, timeout=30).json()
    print(json.dumps(answer))
    return answer["status"] == "success"


if create_new_ivr():
    print("IVR Created successfully")
else:
    raise SystemExit("the IVR was not created")
