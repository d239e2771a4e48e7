"""send_requiretls.py PORT CA RECIPIENT…: a message to each, over STARTTLS with REQUIRETLS, from the null sender; the header asks for the contrary."""
import smtplib
import ssl
import sys

port, authority, recipients = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
for recipient in recipients:
    with smtplib.SMTP("localhost", port, timeout=30) as client:
        client.starttls(context=ssl.create_default_context(cafile=authority))
        client.sendmail(
            "", [recipient], "TLS-Required: No\r\nSubject: for nobody else\r\n\r\ntext\r\n",
            mail_options=["REQUIRETLS"])
