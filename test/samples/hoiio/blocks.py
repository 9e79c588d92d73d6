"""The samples of the vendor's page on IVR, each by its name: python3 blocks.py gather S1234

NOTIFY is where results go. Written anew after the page, with its arguments.
"""
import os
import sys

from hoiio import Hoiio

session = sys.argv[2] if len(sys.argv) > 2 else None
told = {"tag": "myapp", "notify_url": os.environ["NOTIFY"]}

samples = {
    "dial": lambda: Hoiio.ivr.dial("+6511111111"),
    "dial-message": lambda: Hoiio.ivr.dial(
        "+6511111111", msg="Hello. This is an automated message from Hoiio.", caller_id="+6500000000", max_duration="60", **told),
    "play": lambda: Hoiio.ivr.play(session, "Hello. This is an automated message from Hoiio.", **told),
    "gather": lambda: Hoiio.ivr.gather(
        session, msg="Hello. Press 1 for yes, press 2 for no.", max_digits=1, timeout=60, attempts=3, **told),
    "record": lambda: Hoiio.ivr.record(
        session, msg="Hello. We are recording your voice message now.", max_duration=60, **told),
    "monitor": lambda: Hoiio.ivr.monitor(session, msg="Hello. Note that this phone conversation is recorded.", **told),
    "transfer": lambda: Hoiio.ivr.transfer(
        session, "+6522222222", msg="Hello. We will be transferring this call.", caller_id="+6500000000", **told),
    "transfer-continue": lambda: Hoiio.ivr.transfer(
        session, "+6522222222", msg="Hello. We will be transferring this call.", caller_id="+6500000000", on_failure="continue", **told),
    # The page calls monitor here, by a slip.
    "hangup": lambda: Hoiio.ivr.hangup(session, msg="Hello. We will be hanging up now. Bye!", **told),
}

res = samples[sys.argv[1]]()
print(res.is_success(), res.status, res.session, res.txn_ref)
