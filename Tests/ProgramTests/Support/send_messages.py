"""send_messages.py PORT FILE: sends the messages of FILE over one connection and prints the replies, one a line.

FILE is a list in JSON: {"sender", "mailOptions", "recipients": [{"address", "options"}], "content" in Base64, "chunks"}.
With chunks the content goes by BDAT in two parts, as it is; without, by DATA. Printed is the last reply to each.
"""
import base64
import json
import smtplib
import sys


def options(words):
    return "".join(" " + word for word in words)


def send(client, message):
    code, text = client.docmd(f"MAIL FROM:<{message['sender']}>{options(message['mailOptions'])}")
    for recipient in message["recipients"] if code == 250 else []:
        code, text = client.docmd(f"RCPT TO:<{recipient['address']}>{options(recipient['options'])}")
    content = base64.b64decode(message["content"])
    if code == 250 and message["chunks"]:
        half = len(content) // 2
        for part, last in ((content[:half], ""), (content[half:], " LAST")):
            client.send(b"BDAT %d%s\r\n" % (len(part), last.encode()) + part)
            code, text = client.getreply()
    elif code == 250:
        code, text = client.data(content)
    if code != 250:
        client.rset()
    return f"{code} {text.decode()}"


with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=30) as client:
    client.ehlo("sender.test")
    client.command_encoding = "utf-8"
    for message in json.load(open(sys.argv[2])):
        print(send(client, message))
