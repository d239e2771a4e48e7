"""send_many.py PORT COUNT RECIPIENT…: as many messages to each, one after the other over one connection; from nobody, so
that nothing comes back."""

import smtplib
import sys

port, count, recipients = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
    for recipient in recipients:
        for number in range(count):
            client.sendmail("", [recipient], f"Subject: number {number}\r\n\r\ntext\r\n")
