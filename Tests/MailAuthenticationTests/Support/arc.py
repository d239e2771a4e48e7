"""arc.py DIRECTORY verify FILE: what dkimpy says of the chain, with the keys of DIRECTORY/zone (`name TXT value` lines).
arc.py DIRECTORY seal FILE SELECTOR: dkimpy seals FILE for x.test, to FILE.sealed; its Authentication-Results are mx.test's."""
import sys

import dkim

directory, action, path = sys.argv[1:4]
records = {}
for line in open(directory + "/zone"):
    name, _, value = line.rstrip("\n").split(" ", 2)
    records[name] = value.encode()


def lookup(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return records.get(name.rstrip("."))


message = open(path, "rb").read()
if action == "verify":
    outcome, results, reason = dkim.arc_verify(message, dnsfunc=lookup, minkey=1024)
    print((outcome or b"fail").decode(), len(results))
else:
    key = open(directory + "/rsa.pem", "rb").read()
    fields = dkim.arc_sign(message, sys.argv[4].encode(), b"x.test", key, b"mx.test")
    open(path + ".sealed", "wb").write(b"".join(fields) + message)
