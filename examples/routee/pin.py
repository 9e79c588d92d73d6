"""Checks service numbers that callers key, for Routee's COLLECT, with nothing but
Python's own library. PORT, ROUTEE_URL and ROUTEE_TOKEN say where it listens and
where the API is. pin-application.test tests it:

    tandem test --run 'python3 examples/routee/pin.py' examples/routee
"""
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NUMBERS = {"4711": "Your parcel arrives on Tuesday.", "2222": None}
AGENT = "+302100000000"


def say(text):
    return {"type": "SAY", "message": {"language": "en-GB", "gender": "female", "text": text}}


def ask(text):
    return [say(text), {"type": "PAUSE", "duration": 10},
            {"type": "COLLECT", "eventUrl": os.environ["APP_URL"] + "/pin", "maxDigits": 4, "submitOnHash": True}]


def plan(told):
    """The plan that follows a number."""
    pin = told.get("collectedTones", "").replace(",", "")
    if pin not in NUMBERS:
        return ask("That number is not known. Please try again, and press the pound key.")
    if NUMBERS[pin]:
        return [say(NUMBERS[pin])]
    return [say("A colleague will help you."), {"type": "DIAL", "from": "+302109999999", "to": {"phone": AGENT}}, say("Nobody is free now. Goodbye.")]


def call(phone):
    """Calls somebody and asks for the number."""
    body = {"from": "Parcels", "to": {"phone": phone}, "dialPlan": {"verbs": ask("Please enter your four digits service number and then press the pound key.")}}
    request = urllib.request.Request(os.environ["ROUTEE_URL"] + "/voice/conversation", json.dumps(body).encode(),
                                     {"Authorization": "Bearer " + os.environ["ROUTEE_TOKEN"], "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        answer = call(told["phone"]) if self.path == "/call" else {"verbs": plan(told)}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
