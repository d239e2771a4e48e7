"""client_certificates.py PORT [CERTIFICATE KEY]: what a client with this certificate is told over STARTTLS, one line:
the reply to RCPT for somewhere else, or 'no handshake'.
"""
import smtplib
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
if len(sys.argv) > 2:
    context.load_cert_chain(*sys.argv[2:4])
try:
    with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20) as client:
        client.starttls(context=context)
        # With TLS 1.3 a client learns only here that its certificate was refused.
        client.ehlo("client.test")
        assert client.mail("a@x.test")[0] == 250
        code, text = client.rcpt("b@elsewhere.test")
        print(code, text.decode())
except (ssl.SSLError, ConnectionError, smtplib.SMTPServerDisconnected):
    print("no handshake")
