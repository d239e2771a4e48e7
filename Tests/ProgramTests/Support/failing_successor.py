#!/usr/bin/python3
"""In mta's place: a version that says it is prepared, takes clients, and ends when the spool is its own."""

import os
import socket
import sys

channel = socket.socket(fileno=int(os.environ["MILLRACE_PREDECESSOR"]))
channel.sendall(b"prepared clients-1\n")
taken = 0
line = b""
while True:
    octet, descriptors, _, _ = socket.recv_fds(channel, 1, 64)
    if not octet:
        sys.exit(4)
    line += octet
    if octet != b"\n":
        continue
    words = line.decode().split()
    if words[0] == "yours":
        break
    count, length = int(words[1]), int(words[2])
    received = 0
    while length > 0:
        octets, descriptors, _, _ = socket.recv_fds(channel, length, 64)
        received += len(descriptors)
        length -= len(octets)
    assert received == count
    channel.sendall(b"taken " + b"1" * count + b"\n")
    taken += count
    line = b""
sys.exit(3 if taken == 2 else 5)
