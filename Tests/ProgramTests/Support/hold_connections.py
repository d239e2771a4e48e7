"""hold_connections.py PORT COUNT: opens idle SMTP connections, says 'holding N' and keeps them until it is killed."""

import resource
import signal
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if hard != resource.RLIM_INFINITY:
    count = min(count, hard - 100)


def read_reply(connection):
    received = b""
    while not (received.endswith(b"\r\n") and received.splitlines()[-1][3:4] == b" "):
        chunk = connection.recv(4096)
        assert chunk, received
        received += chunk
    return received


connections = []
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    assert read_reply(connection).startswith(b"220")
    connection.sendall(b"EHLO idle.test\r\n")
    assert read_reply(connection).startswith(b"250")
    connections.append(connection)
print(f"holding {len(connections)}", flush=True)
signal.pause()
