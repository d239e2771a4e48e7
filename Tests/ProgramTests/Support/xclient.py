"""xclient.py PORT: whom a proxy speaks for with XCLIENT, and what that client may do.

The proxy's own address is in relay_networks; two connections are allowed for one address.
"""
import re
import socket
import sys

port = int(sys.argv[1])


class Proxy:
    def __init__(self):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.connection.makefile("rb")
        self.greeting = self.reply()

    def reply(self):
        while (line := self.file.readline())[3:4] == b"-":
            pass
        return line.decode().rstrip()

    def ask(self, command, answer):
        self.connection.sendall(command.encode() + b"\r\n")
        said = self.reply()
        assert re.match(answer, said), (command, said)

    def speak_for(self, attributes, answer="220"):
        self.ask("XCLIENT " + attributes, answer)
        if answer == "220":
            self.ask("EHLO client.test", "250")

    def send(self, answer):
        self.ask("MAIL FROM:<a@x.test>", "250")
        self.ask("RCPT TO:<b@y.test>", answer)

    def reset(self):
        self.ask("RSET", "250")

    def close(self):
        self.ask("QUIT", "221")
        assert self.file.read() == b""


proxy = Proxy()
proxy.ask("EHLO proxy.test", "250")
proxy.send("250")
proxy.reset()
# An address that is not known is in no network.
for nobody in ("ADDR=[UNAVAILABLE]", "NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL] PORT=[UNAVAILABLE]"):
    proxy.speak_for(nobody)
    proxy.send("554 5.7.1")
    proxy.reset()
proxy.speak_for("ADDR=192.0.2.1 LOGIN=joe")
proxy.send("250")
proxy.reset()
# The user is the one before's.
proxy.speak_for("ADDR=192.0.2.2 LOGIN=[UNAVAILABLE]")
proxy.send("554 5.7.1")
proxy.reset()
proxy.speak_for("ADDR=[UNAVAILABLE] LOGIN=ann")
proxy.ask("MAIL FROM:<a@x.test>", "250")
proxy.ask("RCPT TO:<b@y.test>", "250")
proxy.ask("DATA", "354")
proxy.ask("Subject: from nowhere\r\n\r\nHi\r\n.", "250")

# Who speaks for others has as many connections as there are others; each of those has its own two.
others = []
for number in range(6):
    other = Proxy()
    assert other.greeting.startswith("220"), other.greeting
    other.speak_for(f"ADDR=192.0.2.{number // 2 + 10}")
    others.append(other)
third = Proxy()
third.speak_for("ADDR=192.0.2.10", "421 4.7.0")
assert third.file.read() == b"", "a refused client is let go"
# Those of an unknown address are not one client.
for _ in range(3):
    unknown = Proxy()
    assert unknown.greeting.startswith("220"), unknown.greeting
    unknown.speak_for("ADDR=[UNAVAILABLE]")
    others.append(unknown)
# Each is given back: as the other client's, not as the proxy's.
for other in others:
    other.close()
others = [Proxy() for _ in range(2)]
for other in others:
    assert other.greeting.startswith("220"), other.greeting
    other.speak_for("ADDR=192.0.2.10")
print("ok")
