"""http_limits.py PORT PID CONNECTIONS BUDGET: connections that are too many, and bodies that are too much together."""
import re
import socket
import sys
import time

port, pid, most, budget = (int(word) for word in sys.argv[1:5])
MIB = 1 << 20


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def said(client):
    text = b""
    while part := client.recv(4096):
        text += part
    return text


def resident():
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) << 10


def alive():
    with connect() as client:
        client.sendall(b"GET /api/check-liveness/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return said(client).startswith(b"HTTP/1.1 200 ")


# One connection too many is told so, and there is room again when one goes.
held = [connect() for _ in range(most)]
with connect() as client:
    text = said(client)
    assert text.startswith(b"HTTP/1.1 503 ") and b"\r\nretry-after: " in text, text
held.pop().close()
for _ in range(100):
    time.sleep(0.05)
    if alive():
        break
else:
    raise AssertionError("there is no room again")
for client in held:
    client.close()
time.sleep(0.2)

# Bodies that never end: more of them than the budget holds.
before, chunk, refused, held = resident(), bytes(MIB), 0, []
for _ in range(budget // (31 * MIB) + 4):
    client = connect()
    client.sendall(b"POST /api/inject/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (32 * MIB))
    try:
        for _ in range(31):
            client.sendall(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass
    held.append(client)
time.sleep(0.5)
for client in held:
    client.setblocking(False)
    try:
        text = client.recv(4096)
    except BlockingIOError:
        continue
    except ConnectionResetError:
        text = b"HTTP/1.1 503 retry-after: reset"
    assert text.startswith(b"HTTP/1.1 503 ") and b"retry-after: " in text, text
    refused += 1
assert refused >= 3, refused
assert alive()
# What nobody will look at is not counted, nor kept.
with connect() as client:
    client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (20 * MIB))
    client.sendall(bytes(20 * MIB))
    assert said(client).startswith(b"HTTP/1.1 200 ")
assert resident() - before < 2.5 * budget, (before, resident())
for client in held:
    client.close()
time.sleep(0.5)
# All is given back.
with connect() as client:
    client.sendall(b"POST /api/inject/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (20 * MIB))
    client.sendall(bytes(20 * MIB))
    assert said(client).startswith(b"HTTP/1.1 400 ")
print(refused)
