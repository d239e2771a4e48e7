"""smtplib_clients.py SUBMISSION SUBMISSIONS LMTP: Python's own clients hand in four messages."""
import smtplib
import ssl
import sys

submission, submissions, lmtp = (int(port) for port in sys.argv[1:4])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
plain = b"From: joe@x.test\r\nSubject: 8-bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n.\r\n..two\r\n"

with smtplib.SMTP("127.0.0.1", submission, timeout=20) as client:
    client.starttls(context=context)
    client.login("joe", "pencil")
    assert client.sendmail("joe@x.test", ["b@y.test"], plain, ["BODY=8BITMIME"], ["NOTIFY=NEVER"]) == {}
    assert client.sendmail("joe@x.test", ["bücher@y.test"], plain, ["SMTPUTF8", "BODY=8BITMIME"]) == {}

with smtplib.SMTP_SSL("127.0.0.1", submissions, timeout=20, context=context) as client:
    client.ehlo()
    client.user, client.password = "joe", "pencil"
    assert client.auth("PLAIN", client.auth_plain)[0] == 235
    assert client.sendmail("joe@x.test", ["c@y.test"], plain, ["BODY=8BITMIME"]) == {}

with smtplib.LMTP("127.0.0.1", lmtp, timeout=20) as client:
    client.ehlo()
    assert client.sendmail("joe@x.test", ["d@y.test"], plain, ["BODY=8BITMIME"]) == {}
