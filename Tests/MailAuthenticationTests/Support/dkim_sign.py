"""dkim_sign.py DIRECTORY: dkimpy signs DIRECTORY/message.eml in all forms, to DIRECTORY/signed-ALGORITHM-HEADER-BODY-LENGTH.eml."""
import sys

import dkim

directory = sys.argv[1]
message = open(directory + "/message.eml", "rb").read()
keys = {
    "rsa": (b"rsa-sha256", open(directory + "/rsa.pem", "rb").read()),
    "ed": (b"ed25519-sha256", open(directory + "/ed.seed", "rb").read()),
}
for name, (algorithm, key) in keys.items():
    for header in (b"simple", b"relaxed"):
        for body in (b"simple", b"relaxed"):
            for length in (False, True):
                signature = dkim.DKIM(message, signature_algorithm=algorithm).sign(
                    name.encode(), b"x.test", key, canonicalize=(header, body), length=length)
                path = f"{directory}/signed-{name}-{header.decode()}-{body.decode()}-{int(length)}.eml"
                open(path, "wb").write(signature + message)
