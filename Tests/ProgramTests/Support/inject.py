"""inject.py PORT JSON…: posts each request to /api/inject/v1 and wants it to succeed."""
import http.client
import json
import sys

client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
for text in sys.argv[2:]:
    client.request("POST", "/api/inject/v1", text, {"Content-Type": "application/json"})
    answer = client.getresponse()
    body = answer.read()
    assert answer.status == 200 and json.loads(body)["fail_count"] == 0, body
