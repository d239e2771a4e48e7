"""breaking_server.py [lmtp|limit N]: an SMTP server that breaks off by the number of the message: 421 at MAIL, no answer to
RCPT, 421 at DATA, no answer to the content, 421 to it, 451 to it, and two that are taken; then from the begin. With lmtp it
never breaks off: of each message the second recipient is refused behind the content, and of each fourth message all. With
limit it takes N messages a connection, and says 421 to the next one's MAIL."""
import socket
import socketserver
import sys

from serving import serve

mode = sys.argv[1] if len(sys.argv) > 1 else ""
speaks_lmtp = mode == "lmtp"


class Broken(Exception):
    pass


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    number = 0

    def say(self, text, closes=False):
        self.wfile.write(text.encode() + b"\r\n")
        if closes:
            raise Broken

    def turn(self):
        return 0 if mode else Handler.number % 8

    def mail(self):
        Handler.number += 1
        self.mails += 1
        self.recipients = 0
        if mode == "limit" and self.mails > int(sys.argv[2]):
            self.say("421 4.7.0 enough on this connection", closes=True)
        if self.turn() == 1:
            self.say("421 4.3.2 not this sender", closes=True)
        self.say("250 ok")

    def rcpt(self):
        self.recipients += 1
        if self.turn() == 2:
            raise Broken
        self.say("250 ok")

    def data(self):
        if self.turn() == 3:
            self.say("421 4.3.2 no data", closes=True)
        self.say("354 go on")
        while self.rfile.readline() not in (b".\r\n", b""):
            pass
        if speaks_lmtp:
            for index in range(self.recipients):
                refused = index == 1 or Handler.number % 4 == 0
                self.say("452 4.2.2 full" if refused else "250 taken")
            return
        turn = self.turn()
        if turn == 4:
            raise Broken
        if turn == 5:
            self.say("421 4.3.2 not now", closes=True)
        self.say("451 4.3.0 not this one" if turn == 6 else "250 taken")

    def handle(self):
        try:
            self.talk()
        except Broken:
            # What was said arrives: unread commands would turn the end into a reset that may overtake it.
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(65536):
                pass

    def talk(self):
        self.mails = 0
        self.say("220 breaking.test ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb in (b"EHLO", b"LHLO"):
                self.say("250-breaking.test")
                self.say("250 PIPELINING")
            elif verb == b"MAIL":
                self.mail()
            elif verb == b"RCPT":
                self.rcpt()
            elif verb == b"DATA":
                self.data()
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")


serve(Handler)
