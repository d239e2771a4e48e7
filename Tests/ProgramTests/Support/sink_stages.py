"""sink_stages.py PORT: plays each rule of stages.yaml against a sink, from an address for each."""

import socket
import sys
import time

port = int(sys.argv[1])


class Client:
    def __init__(self, number):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), timeout=10, source_address=("127.0.7.%d" % number, 0))
        self.file = self.socket.makefile("rb")

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                return None
            lines.append(line.rstrip(b"\r\n").decode())
            if line[3:4] != b"-":
                return lines

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return self.reply()

    def greeted(self):
        assert self.reply()[0].startswith("220")
        assert self.say("EHLO client.test")[0].startswith("250-")
        return self

    def envelope(self, recipient="b@y.test"):
        assert self.say("MAIL FROM:<a@x.test>") == ["250 2.1.0 Sender ok"]
        return self.say("RCPT TO:<%s>" % recipient)

    def is_closed(self):
        return self.file.read(1) == b""


def expect(found, wanted):
    assert found == wanted, "%r instead of %r" % (found, wanted)


client = Client(1)
expect(client.reply(), ["554 5.3.2 Not today"])
assert client.is_closed()

assert Client(2).is_closed()

begin = time.monotonic()
client = Client(3)
client.socket.sendall(b"EHLO early.test\r\n")
assert client.reply()[0].startswith("220")
assert time.monotonic() - begin >= 0.3
assert client.reply()[0].startswith("250"), "what was said early is not lost"

client = Client(4)
client.reply()
expect(client.say("EHLO client.test"), ["550 5.7.1 I do not greet you"])
expect(client.say("MAIL FROM:<a@x.test>"), ["503 5.5.1 EHLO or HELO first"])

client = Client(5)
client.reply()
keywords = {line[4:].split()[0] for line in client.say("EHLO client.test")[1:]}
expect(keywords, {"ENHANCEDSTATUSCODES", "LIMITS"})
for parameter in ["SIZE=10", "BODY=8BITMIME", "SMTPUTF8", "RET=FULL", "BODY=BINARYMIME"]:
    assert client.say("MAIL FROM:<a@x.test> " + parameter)[0].startswith("555"), parameter
assert client.say("MAIL FROM:<a@x.test>")[0].startswith("250")
assert client.say("RCPT TO:<b@y.test> NOTIFY=NEVER")[0].startswith("555")
assert client.say("BDAT 5 LAST")[0].startswith("521")
assert client.is_closed()

client = Client(6).greeted()
client.envelope()
expect(client.say("DATA"), ["451 4.3.0 No content now"])
expect(client.say("RSET"), ["250 2.0.0 Ok"])

client = Client(7).greeted()
for number in range(3):
    client.envelope()
    client.say("RSET")
expect(client.say("MAIL FROM:<a@x.test>"), ["421 4.7.0 Too much from you for now, try again later"])
assert client.is_closed()

client = Client(8).greeted()
client.envelope()
assert client.say("DATA")[0].startswith("354")
client.socket.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n")
assert client.is_closed()
client.socket.sendall(b"NOOP\r\n")

client = Client(9).greeted()
client.envelope()
assert client.say("DATA")[0].startswith("354")
begin = time.monotonic()
client.socket.sendall(b"Subject: x\r\n\r\n" + b"x" * 60 + b"\r\n" + (b"y" * 98 + b"\r\n") * 500 + b".\r\n")
expect(client.reply(), ["250 2.0.0 Message accepted"])
assert time.monotonic() - begin >= 0.5, "50 KB at 100 KB a second"
client.envelope()
begin = time.monotonic()
client.socket.sendall(b"BDAT 50000 LAST\r\n" + (b"z" * 98 + b"\r\n") * 500)
expect(client.reply(), ["250 2.0.0 Message accepted"])
assert time.monotonic() - begin >= 0.5, "chunks, too"

client = Client(10).greeted()
client.socket.settimeout(0.7)
try:
    client.say("MAIL FROM:<a@x.test>")
    raise AssertionError("an answer in spite of the stall")
except TimeoutError:
    pass

client = Client(11).greeted()
begin = time.monotonic()
client.socket.sendall(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n")
expect(client.reply(), ["250 2.1.0 Sender ok"])
assert time.monotonic() - begin >= 0.3
expect(client.reply(), ["250 2.1.5 Recipient ok"])

first, second, third = Client(12).greeted(), Client(12).greeted(), Client(12)
assert third.reply()[0].startswith("421")
assert third.is_closed()
first.say("QUIT")
assert first.is_closed()
for attempt in range(100):
    fourth = Client(12)
    if fourth.reply()[0].startswith("220"):
        break
    time.sleep(0.05)
else:
    raise AssertionError("a connection that ended still counts")

client = Client(13).greeted()
expect(client.envelope(), ["421-4.3.2 Going", "421 4.3.2 down"])
assert client.is_closed()

client = Client(14).greeted()
client.envelope()
assert client.say("DATA")[0].startswith("354")
client.socket.sendall(b"Subject: x\r\n\r\n" + b"x" * 900 + b"\r\n")
try:
    client.socket.sendall((b"y" * 98 + b"\r\n") * 10)
    assert client.is_closed()
except ConnectionError:
    pass

client = Client(20).greeted()
expect(client.envelope("tempfail@y.test"), ["451 4.3.0 tempfail requested"])
expect(client.say("RCPT TO:<permfail@y.test>"), ["550 5.1.1 permfail requested"])
begin = time.monotonic()
expect(client.say("RCPT TO:<delay-300ms@y.test>"), ["250 2.1.5 Recipient ok"])
assert time.monotonic() - begin >= 0.3
