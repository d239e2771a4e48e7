"""inject_limited.py PORT: 400 recipients with the key `app:secret`, then one more, which is one too many; one without."""

import base64
import http.client
import json
import sys


def inject(count, headers):
    client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
    request = {
        "envelope_sender": "a@x.test",
        "recipients": [{"email": f"r{number}@y.test"} for number in range(count)],
        "content": "From: a@x.test\nSubject: x\n\ntext\n",
    }
    client.request("POST", "/api/inject/v1", json.dumps(request), {"Content-Type": "application/json", **headers})
    answer = client.getresponse()
    return answer.status, answer.headers, json.loads(answer.read())


key = {"Authorization": "Basic " + base64.b64encode(b"app:secret").decode()}
status, _, body = inject(400, key)
assert status == 200 and body["success_count"] == 400, body
status, headers, body = inject(1, key)
assert status == 429 and 3000 < int(headers["Retry-After"]) <= 3600, (status, body)
status, _, body = inject(1, {})
assert status == 200 and body["success_count"] == 1, body
