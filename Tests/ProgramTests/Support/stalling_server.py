"""stalling_server.py SECONDS_A_MESSAGE STALL: an SMTP server that takes so long for each message, and once, three seconds
after its first message, answers nobody for STALL seconds."""
import socketserver
import sys
import threading
import time

from serving import serve

pace, stall = float(sys.argv[1]), float(sys.argv[2])
begin = []
lock = threading.Lock()


def wait():
    with lock:
        if not begin:
            begin.append(time.monotonic())
    time.sleep(pace)
    since = time.monotonic() - begin[0]
    if stall and 3 <= since < 3 + stall:
        time.sleep(3 + stall - since)


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 stalling.test ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say("250-stalling.test")
                self.say("250 PIPELINING")
            elif verb == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                wait()
                self.say("250 taken")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


serve(Handler)
