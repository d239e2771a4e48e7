"""dkim_kept.py DIRECTORY ZONE: verifies the messages that a sink kept with dkimpy; keys are the TXT records of ZONE.

Prints a line a message: its first recipient, how many signatures it has, how many verify, how many still do when an octet
of its body, and of its Subject, is another.
"""
import pathlib
import re
import sys

import dkim

records = {}
for line in open(sys.argv[2]):
    if " TXT " in line:
        records[line.split()[0].encode()] = "".join(re.findall(r'"([^"]*)"', line)).encode()


def lookup(name, timeout=5):
    return records.get(name if isinstance(name, bytes) else name.encode())


def valid(message, count):
    verified = 0
    for index in range(count):
        try:
            verified += dkim.DKIM(message).verify(idx=index, dnsfunc=lookup)
        except dkim.DKIMException:
            pass
    return verified


for file in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    message = file.read_bytes()
    recipient = file.with_suffix(".envelope").read_text().splitlines()[1]
    header, body = message.split(b"\r\n\r\n", 1)
    count = len(re.findall(rb"(?mi)^DKIM-Signature:", header))
    letter = re.search(rb"[a-z]", body).start()
    changed = header + b"\r\n\r\n" + body[:letter] + b"#" + body[letter + 1:]
    renamed = message.replace(b"Subject: ", b"Subject: #", 1)
    assert renamed != message
    print(recipient, count, *(valid(text, count) for text in (message, changed, renamed)))
