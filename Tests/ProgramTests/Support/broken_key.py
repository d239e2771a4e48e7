"""broken_key.py FILE: an RSA key (RFC 8017 A.1.2) that can be read and does not sign: its modulus is even."""
import base64
import sys


def number(value):
    octets = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return tagged(2, octets)


def tagged(tag, octets):
    return bytes([tag, 0x82]) + len(octets).to_bytes(2, "big") + octets


prime = (3 << 1022) + 2
values = [0, prime * prime, 65537, 65537, prime, prime, 3, 3, 3]
text = base64.encodebytes(tagged(0x30, b"".join(map(number, values)))).decode()
open(sys.argv[1], "w").write(f"-----BEGIN RSA PRIVATE KEY-----\n{text}-----END RSA PRIVATE KEY-----\n")
