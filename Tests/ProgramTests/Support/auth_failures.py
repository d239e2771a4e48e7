"""auth_failures.py PORT: what wrong passwords for joe (pencil) cost, from the addresses that XCLIENT says."""
import base64
import hashlib
import hmac
import smtplib
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def text(words):
    return base64.b64encode(words.encode()).decode()


def client(address):
    connection = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
    connection.starttls(context=context)
    connection.ehlo()
    assert connection.docmd("XCLIENT", "ADDR=" + address)[0] == 220
    connection.ehlo()
    return connection


def plain(address, password, name="joe"):
    with client(address) as connection:
        return connection.docmd("AUTH", "PLAIN " + text(f"\0{name}\0{password}"))[0]


def login(address, password):
    with client(address) as connection:
        connection.docmd("AUTH", "LOGIN")
        connection.docmd(text("joe"))
        return connection.docmd(text(password))[0]


def scram(address, password):
    with client(address) as connection:
        code, challenge = connection.docmd("AUTH", "SCRAM-SHA-256 " + text("n,,n=joe,r=abc"))
        if code != 334:
            return code
        first = base64.b64decode(challenge).decode()
        fields = dict(word.split("=", 1) for word in first.split(","))
        salted = hashlib.pbkdf2_hmac(
            "sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        final = "c=biws,r=" + fields["r"]
        signed = f"n=joe,r=abc,{first},{final}".encode()
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")))
        code = connection.docmd(text(final + ",p=" + base64.b64encode(proof).decode()))[0]
        return connection.docmd("")[0] if code == 334 else code


owner = "192.0.2.1"
assert plain(owner, "pencil") == 235 and scram(owner, "pencil") == 235
# From one address: the name gets slow, by each mechanism.
assert [plain("198.51.100.1", f"wrong{number}") for number in range(6)] == [535] * 4 + [454] * 2
assert [scram("198.51.100.2", f"wrong{number}") for number in range(6)] == [535] * 4 + [454] * 2
# From anywhere: the name alone, a little later; others are not concerned, nor is the owner.
replies = [(plain, login, scram)[number % 3](f"198.51.100.{number + 3}", "wrong") for number in range(9)]
assert replies == [535] * 3 + [454] * 6, replies
assert plain("198.51.100.99", "wrong", "ann") == 535
for way in (plain, login, scram):
    assert way(owner, "pencil") == 235, way
# An old password where the owner is does not lock the owner out.
assert [plain(owner, f"wrong{number}") for number in range(6)] == [535] * 4 + [454] * 2
assert plain(owner, "pencil") == 235
# Many guesses begun at once have no more of them looked at than one after the other; who is locked out by then does not go
# on to lock others out by asking for somebody else's rights.
clients = [client("203.0.113.9") for _ in range(24)]
for number, one in enumerate(clients):
    one.putcmd("AUTH", "PLAIN " + text(f"\0kim\0wrong{number}"))
replies = sorted(one.getreply()[0] for one in clients)
assert replies == [454] * 20 + [535] * 4, replies
with client("203.0.113.9") as connection:
    assert connection.docmd("AUTH", "PLAIN " + text("root\0joe\0pencil"))[0] == 454
