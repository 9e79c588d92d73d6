"""An auto attendant on Hoiio's IVR API, with nothing but Python's own library.

It takes its port from PORT, its own address from APP_URL, and the API from HOIIO_BASE,
HOIIO_APP and HOIIO_TOKEN. attendant.test tests it:

    tandem test --run 'python3 examples/hoiio/attendant.py' examples/hoiio
"""
import json
import os
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MENU = "Welcome to Marina Flowers. Press 1 for orders, or 2 for our opening hours."
ORDERS = "+6561234567"


def hoiio(method, session, path=None, **fields):
    """Gives a session its next block; path is where the result is to be told."""
    fields.update(session=session, app_id=os.environ["HOIIO_APP"], access_token=os.environ["HOIIO_TOKEN"])
    if path:
        fields["notify_url"] = os.environ["APP_URL"] + path
    url = os.environ["HOIIO_BASE"] + "ivr/" + method
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=10) as reply:
        status = json.load(reply)["status"]
    if status not in ("success_ok", "error_session_ended"):
        print(method, status, flush=True)


def menu(session, words=MENU):
    hoiio("middle/gather", session, "/menu", msg=words, max_digits=1, timeout=8, attempts=2)


def answer(told):
    menu(told["session"])


def chosen(told):
    session, digits = told["session"], told.get("digits", "")
    if digits == "1":
        hoiio("end/transfer", session, "/transferred", dest=ORDERS, msg="One moment, please.", on_failure="continue")
    elif digits == "2":
        hoiio("middle/play", session, "/played", msg="We are open every day from nine to six.")
    elif digits == "":
        hoiio("end/hangup", session, msg="Goodbye.")
    else:
        menu(session, "That key means nothing here. " + MENU)


def transferred(told):
    hoiio("middle/record", told["session"], "/recorded", msg="All of us are busy. Please leave your order after the tone.", max_duration=60)


def recorded(told):
    words = "Thank you. We call back today." if told.get("record_url") else "We heard nothing."
    hoiio("end/hangup", told["session"], msg=words)


PATHS = {"/answer": answer, "/menu": chosen, "/played": lambda told: menu(told["session"]), "/transferred": transferred, "/recorded": recorded}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        told = dict(urllib.parse.parse_qsl(body))
        path = PATHS.get(urllib.parse.urlsplit(self.path).path)
        self.send_response(200 if path else 404)
        self.end_headers()
        if path and told.get("call_state") != "ended":
            path(told)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
