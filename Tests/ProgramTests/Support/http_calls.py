"""http_calls.py PORT FILE [CA]: makes the calls of FILE over one connection and prints the answers as JSON.

FILE is a list in JSON: {"method", "path", "headers", "body" in Base64}. With CA, a PEM file, over TLS to localhost.
"""
import base64
import http.client
import json
import ssl
import sys

port = int(sys.argv[1])
if len(sys.argv) > 3:
    trust = ssl.create_default_context(cafile=sys.argv[3])
    connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=trust)
else:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
answers = []
for call in json.load(open(sys.argv[2])):
    connection.request(call["method"], call["path"], base64.b64decode(call["body"]) or None, call["headers"])
    answer = connection.getresponse()
    answers.append({"status": answer.status, "text": answer.read().decode()})
print(json.dumps(answers))
