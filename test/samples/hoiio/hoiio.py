"""A small client with the interface of the vendor's samples.

HOIIO_BASE, HOIIO_APP and HOIIO_TOKEN say where the API is and who asks.
"""
import os

import requests


class Answer:
    """What a method answers: its fields are attributes."""

    def __init__(self, fields):
        self.fields = fields

    def __getattr__(self, name):
        return self.fields.get(name)

    def is_success(self):
        return self.status == "success_ok"


class IVR:
    """The blocks of a call."""

    def ask(self, method, **fields):
        fields = {name: str(value) for name, value in fields.items() if value is not None}
        fields.update(app_id=os.environ["HOIIO_APP"], access_token=os.environ["HOIIO_TOKEN"])
        # The vendor's client asks by GET alone.
        reply = requests.get(os.environ["HOIIO_BASE"] + "ivr/" + method, params=fields, timeout=30)
        reply.raise_for_status()
        return Answer(reply.json())

    def dial(self, dest, **more):
        return self.ask("start/dial", dest=dest, **more)

    def play(self, session, msg=None, **more):
        return self.ask("middle/play", session=session, msg=msg, **more)

    def gather(self, session, **more):
        return self.ask("middle/gather", session=session, **more)

    def record(self, session, **more):
        return self.ask("middle/record", session=session, **more)

    def monitor(self, session, **more):
        return self.ask("middle/monitor", session=session, **more)

    def transfer(self, session, dest, **more):
        return self.ask("end/transfer", session=session, dest=dest, **more)

    def hangup(self, session, **more):
        return self.ask("end/hangup", session=session, **more)


class Hoiio:
    ivr = IVR()
