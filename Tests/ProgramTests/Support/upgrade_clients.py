"""upgrade_clients.py PORT PROCESS: a client is in the middle of its message when the relay PROCESS is told to hand over, and
another one comes then. Says what both saw."""

import os
import signal
import socket
import sys

port, process = int(sys.argv[1]), int(sys.argv[2])


class Client:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")

    def reply(self):
        while True:
            line = self.file.readline()
            if not line or line[3:4] != b"-":
                return line[:3].decode()

    def say(self, text):
        self.socket.sendall(text.encode())
        return self.reply()

    def begin(self):
        assert self.say("EHLO client.test\r\n") == "250"
        assert self.say("MAIL FROM:<a@x.test>\r\n") == "250"
        assert self.say("RCPT TO:<b@y.test>\r\n") == "250"
        assert self.say("DATA\r\n") == "354"


middle, resting = Client(), Client()
assert middle.reply() == "220" and resting.reply() == "220"
middle.begin()
middle.socket.sendall(b"Subject: one\r\n\r\nthe first half\r\n")
os.kill(process, signal.SIGUSR2)
# Whoever rests is let go when the old process accepts nobody any more.
assert resting.reply() == "421"
meanwhile = Client()
first = middle.say("the second half\r\n.\r\n")
print(f"in the middle: {first}, then {middle.reply()}")
assert middle.file.read() == b"", "something came behind 421"
greeting = meanwhile.reply()
meanwhile.begin()
last = meanwhile.say("Subject: two\r\n\r\nhello\r\n.\r\n")
print(f"meanwhile: {greeting}, {last}")
