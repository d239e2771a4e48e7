"""authenticating_client.py PORT: one connection with STARTTLS; AUTH PLAIN fails twice, then succeeds; one message."""
import base64
import smtplib
import ssl
import sys

trust = ssl.create_default_context()
trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=30) as client:
    client.starttls(context=trust)
    client.ehlo("client.test")
    for password, answer in ((b"pen", 535), (b"ink", 535), (b"pencil", 235)):
        code, text = client.docmd("AUTH PLAIN " + base64.b64encode(b"\0joe\0" + password).decode())
        assert code == answer, (password, code, text)
    client.sendmail("joe@x.test", ["8@y.test"], "Subject: from joe\r\n\r\ntext\r\n")
