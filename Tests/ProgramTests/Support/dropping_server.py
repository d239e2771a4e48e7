"""dropping_server.py chunking|pipelining FILE: a server that offers CHUNKING and PIPELINING and closes the connection when
it meets BDAT (chunking), or more than one command at once and no BDAT (pipelining). Each session with a transaction is a
line in FILE: `broke` or `kept`."""
import socketserver
import sys

from serving import serve

fault, path = sys.argv[1], sys.argv[2]


class Session(socketserver.BaseRequestHandler):
    def say(self, text):
        self.request.sendall(text.encode() + b"\r\n")

    def note(self, text):
        with open(path, "a") as file:
            file.write(text + "\n")

    def handle(self):
        self.say("220 breaking.test")
        waiting, in_content = b"", False
        while True:
            data = self.request.recv(65536)
            if not data:
                return
            waiting += data
            if fault == "pipelining" and not in_content and waiting.count(b"\r\n") > 1:
                return self.note("broke")
            while b"\r\n" in waiting:
                line, waiting = waiting.split(b"\r\n", 1)
                if in_content:
                    if line == b".":
                        in_content = False
                        self.note("kept")
                        self.say("250 2.0.0 kept")
                    continue
                verb = line[:4].upper()
                if verb == b"EHLO":
                    offers = "250-CHUNKING\r\n250 PIPELINING" if fault == "chunking" else "250 PIPELINING"
                    self.say("250-breaking.test\r\n" + offers)
                elif verb == b"BDAT":
                    return self.note("broke")
                elif verb == b"DATA":
                    in_content = True
                    self.say("354 go on")
                elif verb == b"QUIT":
                    return self.say("221 bye")
                else:
                    self.say("250 2.1.0 Ok")


serve(Session)
