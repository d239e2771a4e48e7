"""policy_client.py PORT HTTP: mail that the rules of PolicyTests decide; judges what the client is told."""

import http.client
import json
import smtplib
import sys

MESSAGE = "From: a@shop.test\r\nX-Campaign: %s\r\nSubject: x\r\n\r\n.dot\r\ntext\r\n"

with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=30) as client:
    refused = client.sendmail(
        "a@shop.test",
        ["ann@far.test", "bob@near.test", "blocked@far.test", "trap@far.test"],
        MESSAGE % "spring",
    )
    assert refused == {"blocked@far.test": (551, b"5.7.1 not here")}, refused
    assert client.sendmail("a@shop.test", ["carl@far.test"], MESSAGE % "winter") == {}
    # All of it is dropped, and the client does not know.
    assert client.sendmail("a@shop.test", ["trap@far.test"], MESSAGE % "winter") == {}

request = {
    "envelope_sender": "a@shop.test",
    "recipients": [
        {"email": "dora@far.test", "metadata": {"tenant": "injected", "k": "v"}},
        {"email": "blocked@far.test"},
    ],
    "content": MESSAGE % "winter",
}
client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=30)
client.request("POST", "/api/inject/v1", json.dumps(request), {"Content-Type": "application/json"})
answer = client.getresponse()
body = json.loads(answer.read())
assert answer.status == 200, body
assert body["success_count"] == 1 and body["failed_recipients"] == ["blocked@far.test"], body
