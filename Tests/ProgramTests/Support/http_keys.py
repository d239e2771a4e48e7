"""http_keys.py PORT: who has no key, a wrong one, and the right one `app:secret`."""
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
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status != 200 or json.loads(body)["success_count"] == 1, body
    return answer.status


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


assert status() == 401
assert status("Bearer nonsense") == 401
assert status("Digest x") == 401
assert status(basic("app:wrong")) == 403
assert status(basic("nobody:secret")) == 403
assert status(basic("app:secret")) == 200
assert status("Bearer app:secret") == 200
# Nobody without a key has a large body read.
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as client:
    client.sendall(b"POST /api/inject/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n")
    assert client.recv(100).startswith(b"HTTP/1.1 401 ")
