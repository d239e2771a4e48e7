"""send_one.py PORT SENDER RECIPIENT…: one message; an empty SENDER is the null reverse-path."""

import smtplib
import sys

port, sender, recipients = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
    client.sendmail(sender, recipients, "Subject: one to be refused\r\n\r\ntext\r\n")
