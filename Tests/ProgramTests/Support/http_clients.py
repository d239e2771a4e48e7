"""http_clients.py PORT: injects as clients do, checks every answer, and prints how many recipients were accepted."""
import gzip
import http.client
import json
import sys
import zlib

port = int(sys.argv[1])
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
accepted = 0


def call(method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read()


def inject(request, status=200, headers=None, body=None):
    global accepted
    data = body if body is not None else json.dumps(request).encode()
    code, answer = call("POST", "/api/inject/v1", data, {"Content-Type": "application/json", **(headers or {})})
    assert code == status, (code, answer)
    answer = json.loads(answer)
    if code == 200:
        assert set(answer) == {"success_count", "fail_count", "failed_recipients", "errors"}, answer
        accepted += answer["success_count"]
    return answer


many = [{"email": f"u{index}@y.test", "name": f"User {index}"} for index in range(250)]
built = {"text_body": "Hi {{ name }}", "html_body": "<p>Hi {{ name }}</p>", "subject": "for {{ name }}",
         "from": {"email": "me@x.test", "name": "Me"}, "reply_to": {"email": "re@x.test"}}

# Constant content, a template, both kinds of content.
assert inject({"envelope_sender": "a@x.test", "recipients": many, "content": "Subject: x\n\nHi\n"})["success_count"] == 250
assert inject({"envelope_sender": "a@x.test", "recipients": many[:20], "content": built})["success_count"] == 20
assert inject({"envelope_sender": "", "recipients": many[:1], "content": {"text_body": "plain"}})["success_count"] == 1
# One bad address does not hold up the others.
answer = inject({"envelope_sender": "a@x.test", "recipients": [{"email": "good@y.test"}, {"email": "not an address"}],
                 "content": "Subject: x\n\nHi\n"})
assert (answer["success_count"], answer["fail_count"], answer["failed_recipients"]) == (1, 1, ["not an address"]), answer
# gzip, and a body beyond the limit after decompression.
request = json.dumps({"envelope_sender": "a@x.test", "recipients": many[:2], "content": "Subject: gz\n\nHi\n"}).encode()
assert inject(None, headers={"Content-Encoding": "gzip"}, body=gzip.compress(request))["success_count"] == 2
assert inject(None, headers={"Content-Encoding": "deflate"}, body=zlib.compress(request))["success_count"] == 2

# As KumoMTA's documentation shows it: a hundred recipients with values of their own, attachments, trace fields, dialects.
hundred = [{"email": f"k{index}@kumo.test", "name": f"Kim {index}", "substitutions": {"code": index, "user": {"age": 30}},
            "metadata": {"tenant": "t"}} for index in range(100)]
letter = {"text_body": "Dear {{ name }}, {{ code }} of {{ total }}, {{ user.age }}", "subject": "Code {{ code }}",
          "html_body": "<p>Dear {{ name }}</p><img src=\"cid:logo\">", "headers": {"X-Campaign": "{{ campaign }}"},
          "from": {"email": "me@x.test", "name": "Me"}, "attachments": [
              {"data": "aGVsbG8gd29ybGQ=", "base64": True, "content_type": "text/plain", "file_name": "hello.txt"},
              {"data": "R0lGODdh", "base64": True, "content_type": "image/gif", "content_id": "logo"}]}
whole = {"envelope_sender": "a@x.test", "recipients": hundred, "content": letter, "deferred_spool": True,
         "deferred_generation": False, "template_dialect": "Jinja", "substitutions": {"total": 100, "campaign": "spring"},
         "trace_headers": {"received_header": True, "supplemental_header": True, "header_name": "X-Ref",
                           "include_meta_names": ["tenant"]}}
everyone = {"success_count": 100, "fail_count": 0, "failed_recipients": [], "errors": []}
assert inject(None, headers={"Content-Encoding": "gzip"}, body=gzip.compress(json.dumps(whole).encode())) == everyone
for dialect in ["Static", "Handlebars"]:
    one = [{"email": f"{dialect}@kumo.test", "name": "Kim"}]
    assert inject({"envelope_sender": "a@x.test", "recipients": one, "content": "Subject: x\n\nDear {{name}}\n",
                   "template_dialect": dialect, "deferred_generation": True,
                   "trace_headers": {"supplemental_header": False}})["success_count"] == 1

# What would end DATA if it went out as it is.
for index, ending in enumerate(["\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r.\n", "\n.\r", "\r\n\r\n.\r\n"]):
    text = f"Subject: x\r\n\r\nHi{ending}MAIL FROM:<evil@x.test>{ending}RCPT TO:<victim@y.test>\r\n"
    inject({"envelope_sender": "a@x.test", "recipients": [{"email": f"smuggle{index}@y.test"}], "content": text})

# Mistakes, each with its place.
for body, status, pointer in [
    (b"{", 400, None), (b"\xff", 400, None), (b"[1]", 422, ""), (b'{"envelope_sender":1}', 422, "/envelope_sender"),
    (b'{"envelope_sender":"a b","recipients":[],"content":"a: b\\n\\n"}', 422, "/envelope_sender"),
    (b'{"envelope_sender":"","recipients":[{"email":"a@b.test","x":1}],"content":"a: b\\n\\n"}', 422, "/recipients/0/x"),
]:
    answer = inject(None, status, body=body)
    assert answer.get("pointer") == pointer and answer["error"], (body, answer)
assert call("GET", "/api/inject/v1")[0] == 405
assert call("POST", "/api/inject/v1", b"{}", {"Content-Type": "text/plain"})[0] == 415
assert call("GET", "/nowhere")[0] == 404
connection.request("POST", "/api/inject/v1", b"", {"Content-Type": "application/json", "Content-Length": str(1 << 30)})
assert connection.getresponse().status == 413
connection.close()
bomb = gzip.compress(b'{"envelope_sender":"' + b"a" * (64 << 20) + b'"}')
connection.request("POST", "/api/inject/v1", bomb, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
assert connection.getresponse().status == 413
connection.close()

# What is served beside.
assert call("GET", "/api/check-liveness/v1") == (200, b"OK\n")
description = json.loads(call("GET", "/openapi.json")[1])
assert "/api/inject/v1" in description["paths"]
code, text = call("GET", "/metrics")
metrics = dict(line.rsplit(" ", 1) for line in text.decode().splitlines() if not line.startswith("#"))
assert int(metrics['millrace_recipients_total{outcome="accepted"}']) == accepted, (metrics, accepted)
part = call("GET", "/metrics?prefix=millrace_spool")[1].decode()
assert all(line.split()[2 if line[0] == "#" else 0].startswith("millrace_spool") for line in part.splitlines())
print(accepted)
