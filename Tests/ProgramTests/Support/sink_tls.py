"""sink_tls.py PORT CA NAME: STARTTLS with the sink's own authority, then the faults of tls.yaml."""

import smtplib
import socket
import ssl
import sys

port, authority, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context(cafile=authority)


def begin(source):
    client = smtplib.SMTP(timeout=10, source_address=(source, 0))
    client.connect("127.0.0.1", port)
    client._host = name
    client.ehlo("client.test")
    assert client.has_extn("starttls")
    return client


with begin("127.0.7.9") as client:
    client.starttls(context=context)
    client.ehlo("client.test")
    assert not client.has_extn("starttls")
    client.sendmail("a@x.test", ["b@y.test"], "Subject: over TLS\r\n\r\nhello\r\n")

for source, expected in [("127.0.7.1", "WRONG_VERSION_NUMBER"), ("127.0.7.2", "EOF"), ("127.0.7.3", "CERTIFICATE_VERIFY")]:
    client = begin(source)
    try:
        client.starttls(context=context)
        raise SystemExit("%s: the handshake went well" % source)
    except (ssl.SSLError, OSError, smtplib.SMTPException) as error:
        text = str(error).upper().replace(" ", "_")
        assert expected in text or (expected == "EOF" and "RESET" in text), "%s: %s" % (source, error)
