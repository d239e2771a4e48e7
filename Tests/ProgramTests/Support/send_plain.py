"""send_plain.py PORT COUNT: messages to two recipients by smtplib, one connection."""

import smtplib
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
    for number in range(count):
        refused = client.sendmail(
            "sender@plain.test", ["one@plain.test", "two@plain.test"],
            f"From: sender@plain.test\nSubject: plain {number}\n\n.a line with a dot\n..\n.\nend\n")
        assert refused == {}, refused
