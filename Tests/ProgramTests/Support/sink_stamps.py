"""sink_stamps.py PORT: four messages with stamps: due a minute ago, the same id due an hour ago, ten seconds ago, and
later than now."""

import smtplib
import sys
import time


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


BODY = b"Subject: stamped\r\n\r\nhello\r\n"
now = time.time_ns()
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as client:
    for number, age, domain in [(1, 60, "Slow.test"), (1, 3600, "slow.test"), (2, 10, "slow.test"), (3, -100, "fast.test")]:
        stamp = "X-Millrace-Id: %032x crc32c=%08x due=%016x\r\n" % (number, crc32c(BODY), now - age * 10**9)
        client.sendmail("a@x.test", ["b@" + domain], stamp.encode() + BODY)
