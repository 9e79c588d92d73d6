"""Print an access token.

Settings come from the environment:
  SONETEL_URL      base URL with a slash at its end, as http://localhost:8080/sonetel/
  SONETEL_USERNAME, SONETEL_PASSWORD   as made by: tandem credential create --for sonetel
"""
import os

import requests

answer = requests.post(
    os.environ["SONETEL_URL"] + "SonetelAuth/beta/oauth/token",
    auth=("sonetel-api", "sonetel-api"),
    data={
        "grant_type": "password",
        "refresh": "yes",
        "username": os.environ["SONETEL_USERNAME"],
        "password": os.environ["SONETEL_PASSWORD"],
    },
    timeout=30,
)
if answer.status_code != 200:
    raise SystemExit(answer.json()["error_description"])
print(answer.json()["access_token"])
