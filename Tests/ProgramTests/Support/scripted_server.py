"""scripted_server.py: an SMTP server that refuses by the number of the message: each seventh at MAIL (550), of the rest each
fifth at RCPT (450), of the rest each third at the final dot (451)."""
import socketserver

from serving import serve


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    number = 0

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def mail(self):
        Handler.number += 1
        self.sender = Handler.number % 7 != 0
        self.recipient = False
        self.say("250 2.1.0 sender taken" if self.sender else "550 5.7.1 no such sender")

    def rcpt(self):
        if not self.sender:
            return self.say("503 5.5.1 MAIL first")
        self.recipient = Handler.number % 5 != 0
        self.say("250 2.1.5 recipient taken" if self.recipient else "450 4.2.1 later")

    def data(self):
        if not self.recipient:
            return self.say("503 5.5.1 RCPT first")
        self.say("354 go on")
        while self.rfile.readline() not in (b".\r\n", b""):
            pass
        self.sender = self.recipient = False
        self.say("250 2.0.0 taken" if Handler.number % 3 else "451 4.3.0 not now")

    def handle(self):
        self.sender = self.recipient = False
        self.say("220 scripted.test ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say("250-scripted.test")
                self.say("250 PIPELINING")
            elif verb == b"MAIL":
                self.mail()
            elif verb == b"RCPT":
                self.rcpt()
            elif verb == b"DATA":
                self.data()
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


serve(Handler)
