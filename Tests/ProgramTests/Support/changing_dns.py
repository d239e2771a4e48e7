"""changing_dns.py FILE: a name server for test. whose answers are read anew from FILE for each question.

FILE is JSON: {"mx": {"domain": [[10, "host"], …]}, "a": {"host": "address"}}; a host "" is the null MX. TTL 1. With no
FILE it never answers. First line on stdout: listening 127.0.0.1:PORT.
"""
import json
import os
import socket
import struct
import sys

MX, A, NS, SOA = 15, 1, 2, 6
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
print("listening 127.0.0.1:%d" % server.getsockname()[1], flush=True)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def record(owner, kind, data):
    return name(owner) + struct.pack(">HHIH", kind, 1, 1, len(data)) + data


def answer(question):
    index, labels = 12, []
    while question[index]:
        labels.append(question[index + 1:index + 1 + question[index]].decode().lower())
        index += question[index] + 1
    (kind,), asked = struct.unpack(">H", question[index + 1:index + 3]), ".".join(labels)
    with open(sys.argv[1]) as file:
        zone = json.load(file)
    start = name("ns.test") + name("root.test") + struct.pack(">IIIII", 1, 3600, 600, 86400, 1)
    records = []
    if kind == MX:
        records = [record(asked, MX, struct.pack(">H", p) + name(host)) for p, host in zone["mx"].get(asked, [])]
    elif kind == A and asked in zone["a"]:
        records = [record(asked, A, socket.inet_aton(zone["a"][asked]))]
    elif kind == NS and asked == "test":
        records = [record(asked, NS, name("ns.test"))]
    elif kind == SOA and asked == "test":
        records = [record(asked, SOA, start)]
    known = asked in zone["mx"] or asked in zone["a"] or asked in ("test", "ns.test")
    authority = [] if records else [record("test", SOA, start)]
    flags = 0x8400 | struct.unpack(">H", question[2:4])[0] & 0x100 | (0 if known else 3)
    head = question[:2] + struct.pack(">HHHHH", flags, 1, len(records), len(authority), 0)
    return head + question[12:index + 5] + b"".join(records + authority)


while True:
    question, client = server.recvfrom(4096)
    if os.path.exists(sys.argv[1]):
        server.sendto(answer(question), client)
