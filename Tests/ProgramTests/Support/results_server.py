"""results_server.py PORT SECRET: asks 'bench-report serve' for what it has, and for what it must not give.

Prints the ids of the results. SECRET is a text that lies outside of the directory and behind links in it.
"""

import http.client
import json
import socket
import sys
import urllib.parse

port, secret = int(sys.argv[1]), sys.argv[2]


def ask(method, target, headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, target, body=body, headers=headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert secret.encode() not in data, f"{method} {target} gave what is not its own"
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data


def raw(request):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        data = b""
        while part := connection.recv(65536):
            data += part
    assert secret.encode() not in data, request
    return int(data.split()[1])


status, headers, data = ask("GET", "/api/results")
assert status == 200 and headers["content-type"] == "application/json", (status, headers)
results = json.loads(data)
assert len(results) == 1, results
result = results[0]
assert result["valid"] is True and result["runs"] == 2 and result["delivered_mmh"] > 0, result
assert len(result["directories"]) == 2, result

quoted = urllib.parse.quote(result["id"], safe="")
status, headers, page = ask("GET", "/")
assert status == 200 and headers["content-type"].startswith("text/html"), (status, headers)
assert f"/compare?r={quoted}".encode() in page and b"valid" in page
for name, wanted in [
    ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"), ("cross-origin-resource-policy", "same-origin"),
]:
    assert headers[name] == wanted, (name, headers)
policy = headers["content-security-policy"]
assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy and "unsafe" not in policy, policy
other = ask("GET", "/")[1]["content-security-policy"]
assert other != policy, "the same word lets scripts run every time"

for order in ("date", "profile", "system", "rate", "nonsense"):
    assert ask("GET", f"/?sort={order}")[0] == 200

status, headers, data = ask("HEAD", "/")
assert status == 200 and data == b"" and int(headers["content-length"]) > 1000, (status, headers)
status, _, page = ask("GET", f"/compare?r={quoted}")
assert status == 200 and b"millrace-figures" in page and b"All results" in page
for directory in result["directories"]:
    address = "/records/" + urllib.parse.quote(directory) + "/run.json"
    assert address.encode() in page, address
    status, headers, data = ask("GET", address)
    assert status == 200 and json.loads(data)["schema"].startswith("millrace.run/"), status
    assert headers["content-security-policy"].startswith("default-src 'none'")

assert ask("GET", f"/compare?r={quoted}&baseline=nobody")[0] == 422
assert ask("GET", "/compare")[0] == 400
assert ask("GET", "/compare?r=" + "&r=".join(["x"] * 101))[0] == 400
for name in ("nothing", "..", "../outside", "link", "linked-record", ".", "", "/etc"):
    assert ask("GET", "/compare?r=" + urllib.parse.quote(name, safe=""))[0] == 404, name

for target in (
    "/nothing", "/../outside/run.json", "/records/../outside/run.json", "/records/%2e%2e/outside/run.json",
    "/records/..%2foutside/run.json", "/records/%2e%2e%2foutside/run.json", "/records/..%252foutside/run.json",
    "/records/link/run.json", "/records/linked-record/run.json", "/records//run.json", "/records/run.json",
    "/records/" + "../" * 20 + "etc/passwd", "/records/%00/run.json", "/records/%ff/run.json", "/etc/passwd",
    "/records/" + urllib.parse.quote(result["directories"][0]) + "/../../outside/run.json",
    "/records/" + urllib.parse.quote(result["directories"][0]) + "/profile.yaml",
):
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert raw(request) == 404, target

for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
    status, headers, _ = ask(method, "/")
    assert status == 405 and headers["allow"] == "GET, HEAD", (method, status)
# A name that somebody else has pointed at this machine.
assert ask("GET", "/api/results", {"Host": "evil.test"})[0] == 421
assert raw(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n") == 400
assert raw(b"nonsense\r\n\r\n") == 400
assert raw(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n") in (400, 431)
print(result["id"])
