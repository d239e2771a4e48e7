"""body_hashes.py FILE: the hashes of these bodies (JSON, a list of texts) as dkimpy computes them, in both forms."""
import base64
import hashlib
import json
import sys

from dkim.canonicalization import Relaxed, Simple

bodies = json.load(open(sys.argv[1], encoding="utf-8"))


def hashed(form, body):
    return base64.b64encode(hashlib.sha256(form.canonicalize_body(body.encode())).digest()).decode()


print(json.dumps([{"simple": hashed(Simple, body), "relaxed": hashed(Relaxed, body)} for body in bodies]))
