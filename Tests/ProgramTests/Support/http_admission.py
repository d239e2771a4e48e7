"""http_admission.py PORT: when a wrong key is told so, and whom it costs; the right one is `app:secret`."""
import base64
import http.client
import json
import socket
import sys

request = json.dumps({"envelope_sender": "a@x.test", "recipients": [{"email": "b@y.test"}], "content": "Subject: x\n\nHi\n"})


def status(authorization=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
    headers = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    connection.request("POST", "/api/inject/v1", request, headers)
    return connection.getresponse().status


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


assert status(basic("app:secret")) == 200
# A wrong key: the answer is there before the body, and the connection is closed.
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as client:
    head = f"POST /api/inject/v1 HTTP/1.1\r\nHost: x\r\nAuthorization: {basic('no:body')}\r\n"
    client.sendall(head.encode() + b"Content-Length: 30000000\r\n\r\n")
    said = b""
    while part := client.recv(1000):
        said += part
    assert said.startswith(b"HTTP/1.1 403 ") and b"\r\nconnection: close\r\n" in said, said
# A small body is read, and the connection is kept.
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
for key, expected in (("app:wrong", 403), ("app:secret", 200)):
    fields = {"Content-Type": "application/json", "Authorization": basic(key)}
    connection.request("POST", "/api/inject/v1", request, fields)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == expected, (key, answer.status)
# Wrong keys, and what is no name or key at all, do not lock out who has been right.
for wrong in [f"app:wrong{number}" for number in range(12)] + ["app:", ":secret", "a\0b:c", "x" * 300 + ":y"]:
    assert status(basic(wrong)) == 403, wrong
    assert status(basic("app:secret")) == 200
