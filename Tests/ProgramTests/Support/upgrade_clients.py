"""upgrade_clients.py PORT PROCESS: what clients see when the relay PROCESS is told to hand over: one that rests, one in the
middle of a command, one in the middle of its message, one that has sent the next message ahead, one over TLS, and one
that comes then."""

import os
import signal
import socket
import ssl
import sys
import threading

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

    def send(self, text):
        self.socket.sendall(text.encode())

    def say(self, text):
        self.send(text)
        return self.reply()

    def begin(self, hello=True):
        assert not hello or self.say("EHLO client.test\r\n") == "250"
        assert self.say("MAIL FROM:<a@x.test>\r\n") == "250"
        assert self.say("RCPT TO:<b@y.test>\r\n") == "250"
        assert self.say("DATA\r\n") == "354"

    def message(self, name, hello=True):
        self.begin(hello)
        return self.say(f"Subject: {name}\r\n\r\nhello\r\n.\r\n")

    def secure(self):
        assert self.say("EHLO client.test\r\n") == "250" and self.say("STARTTLS\r\n") == "220"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")


clients = [Client() for _ in range(6)]
resting, begun, middle, ahead, secure, greeted = clients
assert all(client.reply() == "220" for client in clients)
assert resting.say("EHLO client.test\r\n") == "250"
assert begun.say("EHLO client.test\r\n") == "250"
begun.send("MAIL FROM:<a@x")
middle.begin()
middle.send("Subject: middle\r\n\r\nthe first half\r\n")
ahead.begin()
ahead.send("Subject: ahead\r\n\r\nthe first half\r\n")
secure.secure()
assert secure.message("before") == "250"
os.kill(process, signal.SIGUSR2)
# The one whose keys stay behind hears of it when the old process accepts nobody any more.
print(f"over TLS: 250, then {secure.reply()}")
secure.socket.close()
meanwhile = Client()
# They wait for the new process, which waits for those in the middle of a message: each in a thread of its own.
answers = {}


def note(name, work):
    answers[name] = work()


def split():
    begun.send(".test>\r\n")
    codes = [begun.reply(), begun.say("RCPT TO:<b@y.test>\r\n"), begun.say("DATA\r\n")]
    return " ".join(codes + [begun.say("Subject: begun\r\n\r\nhello\r\n.\r\n")])


def wait_for_greeting():
    return f"{meanwhile.reply()} {meanwhile.message('meanwhile')}"


waiting = [
    threading.Thread(target=note, args=arguments)
    for arguments in [
        ("at rest", lambda: resting.message("resting", hello=False)),
        ("in a command", split),
        ("greeted", lambda: greeted.message("greeted")),
        ("meanwhile", wait_for_greeting),
    ]
]
for thread in waiting:
    thread.start()
first = middle.say("the second half\r\n.\r\n")
# Its next message is in the same packet as the end of this one.
ahead.send("the second half\r\n.\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n")
codes = [ahead.reply() for _ in range(4)]
codes.append(ahead.say("Subject: next\r\n\r\nhello\r\n.\r\n"))
print(f"in the middle: {first}, then {middle.message('after', hello=False)}")
print("sent ahead: " + " ".join(codes))
for thread in waiting:
    thread.join()
for name, answer in answers.items():
    print(f"{name}: {answer}")
for client in [resting, begun, middle, ahead, greeted, meanwhile]:
    assert client.say("QUIT\r\n") == "221"
    assert client.file.read() == b"", "something came behind 221"
