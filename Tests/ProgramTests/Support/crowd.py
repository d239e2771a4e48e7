"""crowd.py PORT LIMIT: one address comes once more often than it may at a time."""
import socket
import sys

port, limit = (int(word) for word in sys.argv[1:3])
held = []
for number in range(limit + 1):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=("127.0.0.3", 0))
    file = connection.makefile("rb")
    greeting = file.readline()
    assert greeting.startswith(b"421 4.7.0" if number == limit else b"220"), (number, greeting)
    held.append((connection, file))
