"""stuck_server.py STAGE: an SMTP server that says nothing any more from a stage on: mail, content, or http (which takes a
request and never answers it). A line `stuck` on standard output for each connection that has come so far."""
import socketserver
import sys

from serving import serve

stage = sys.argv[1]


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def stick(self):
        print("stuck", flush=True)
        while self.rfile.read1(65536):
            pass

    def handle(self):
        if stage == "http":
            self.rfile.readline()
            return self.stick()
        self.say("220 stuck.test ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say("250-stuck.test")
                self.say("250 PIPELINING")
            elif verb == b"MAIL" and stage == "mail":
                return self.stick()
            elif verb == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                return self.stick()
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")


serve(Handler)
