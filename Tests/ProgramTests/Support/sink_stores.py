"""sink_stores.py MAILDIR_PORT MAILDIR MBOX_PORT MBOX: sends the same mail to both, and reads it with Python's mailbox."""

import mailbox
import smtplib
import sys

CONTENT = "Subject: stored\r\n\r\nFrom here on\r\n.dotted\r\n>From there\r\nlast\r\n"
EXPECTED = "From here on\n.dotted\n>From there\nlast\n"
for port in (sys.argv[1], sys.argv[3]):
    with smtplib.SMTP("127.0.0.1", int(port)) as client:
        client.sendmail("a@x.test", ["b@y.test", "c@y.test"], CONTENT)
        client.sendmail("", ["d@y.test"], CONTENT.replace("stored", "bounced"))

folder = mailbox.Maildir(sys.argv[2], create=False)
messages = sorted(folder, key=lambda message: message["Subject"], reverse=True)
assert [message["Subject"] for message in messages] == ["stored", "bounced"]
assert messages[0]["Return-Path"] == "<a@x.test>" and messages[1]["Return-Path"] == "<>"
assert messages[0].get_all("X-Original-To") == ["b@y.test", "c@y.test"]
assert messages[0].get_payload() == EXPECTED, messages[0].get_payload()

text = open(sys.argv[4]).read()
assert text.count("\nFrom ") == 1 and text.startswith("From a@x.test ")
assert "\n>From here on\n" in text and "\n>>From there\n" in text, "mboxrd"
box = list(mailbox.mbox(sys.argv[4], create=False))
assert [message["Subject"] for message in box] == ["stored", "bounced"]
assert box[1].get_from().startswith("MAILER-DAEMON ")
