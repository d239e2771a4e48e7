"""http_while_stopping.py HTTP_PORT SMTP_PORT PROCESS: a request is under way when the relay PROCESS is told to stop, and
takes longer than it waits for that. Says how it is answered."""
import json
import os
import signal
import socket
import sys
import time

http, smtp, process = map(int, sys.argv[1:])


def reply(stream):
    while True:
        line = stream.readline()
        if not line or line[3:4] != b"-":
            return line[:3]


# A message in progress keeps the relay from ending.
client = socket.create_connection(("127.0.0.1", smtp), timeout=60)
stream = client.makefile("rb")
assert reply(stream) == b"220"
for command in [b"EHLO c.test", b"MAIL FROM:<a@x.test>", b"RCPT TO:<b@y.test>", b"DATA"]:
    client.sendall(command + b"\r\n")
    assert reply(stream) in (b"250", b"354")
body = json.dumps({"envelope_sender": "a@x.test", "recipients": [{"email": "b@y.test"}], "content": "hello\r\n"}).encode()
request = socket.create_connection(("127.0.0.1", http), timeout=60)
request.sendall(
    b"POST /api/inject/v1 HTTP/1.1\r\nHost: mta.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Expect: 100-continue\r\n\r\n" % len(body)
)
# It knows of the request now.
answers = request.makefile("rb")
assert answers.readline().startswith(b"HTTP/1.1 100 ")
while answers.readline().strip():
    pass
request.sendall(body[:20])
os.kill(process, signal.SIGTERM)
# SMTP clients are not greeted any more once those of HTTP were waited for.
while True:
    try:
        socket.create_connection(("127.0.0.1", smtp), timeout=60).close()
    except ConnectionRefusedError:
        break
    time.sleep(0.02)
request.sendall(body[20:])
answer = answers.read()
head, _, text = answer.partition(b"\r\n\r\n")
print(head.split(b"\r\n")[0].decode(), text.decode().strip())
client.sendall(b"hello\r\n.\r\n")
print(reply(stream).decode())
