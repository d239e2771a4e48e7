"""too_many_clients.py PORT COUNT PROCESS: opens connections and keeps them: some are greeted, the others told 421.
Then all leave, and there is room again. PROCESS must not be busy while nobody does anything."""

import os
import select
import socket
import sys
import time

port, count, process = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def processor_seconds():
    fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_octets(connection, patience):
    ready, _, _ = select.select([connection], [], [], patience)
    return connection.recv(3) if ready else None


connections = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(count)]
said = [first_octets(connection, 30) for connection in connections]
# Event loops accept for themselves: the first to come is not the first to be served.
assert set(said) == {b"220", b"421"}, set(said)
before, began = processor_seconds(), time.monotonic()
time.sleep(1)
busy = (processor_seconds() - before) / (time.monotonic() - began)
assert busy < 0.5, f"{busy:.0%} of a processor while nobody does anything"
for connection in connections:
    connection.close()
deadline = time.monotonic() + 30
while True:
    probe = socket.create_connection(("127.0.0.1", port), timeout=30)
    if first_octets(probe, 30) == b"220":
        break
    assert time.monotonic() < deadline, "there is no room again"
    time.sleep(0.05)
print("greeted, then 421; room again")
