"""dkim_verify.py FILE RSA ED25519: verifies both signatures with dkimpy, then what changes do to them."""
import sys

import dkim

message = open(sys.argv[1], "rb").read()
records = {b"rsa._domainkey.x.test.": sys.argv[2].encode(), b"ed._domainkey.x.test.": sys.argv[3].encode()}


def lookup(name, timeout=5):
    return records.get(name if isinstance(name, bytes) else name.encode())


def valid(text):
    verifier = dkim.DKIM(text, minkey=1024)
    count = 0
    for index in range(2):
        try:
            count += verifier.verify(idx=index, dnsfunc=lookup)
        except dkim.DKIMException:
            pass
    return count


print(valid(message), "valid")
for name, changed in [
    ("body", message.replace(b"there", b"where")), ("subject", message.replace(b"two", b"too")),
    ("From", message.replace(b"\r\nSubject:", b"\r\nFrom: evil@x.test\r\nSubject:", 1)),
]:
    assert changed != message
    what = "added From" if name == "From" else "changed " + name
    print(f"{what}: {'invalid' if valid(changed) == 0 else 'VALID'}")
