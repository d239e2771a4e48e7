"""lenient_receiver.py FILE [KEYWORD…]: an SMTP server that ends DATA where the vulnerable servers of 2023 did.

Any mixture of CR and LF around a dot ends a message, and what follows is taken for commands. BDAT is read as it should
be. Offers the KEYWORDs beside the usual ones. Each message is a line of JSON in FILE: MAIL and RCPT as they came, the
verb and the content in Base64, with what is not a line end of CRLF named.
"""
import base64
import json
import re
import socketserver
import sys
import threading

from serving import serve

# What ends in CR has to wait for one more octet: it may be CRLF.
END = re.compile(rb"(\r\n|\n|\r)\.(?:\r\n|\n|\r(?=[^\n]))")
LINE = re.compile(rb"\r\n|\n|\r(?=[^\n])")
offers = ["PIPELINING", "8BITMIME", "SMTPUTF8"] + sys.argv[2:]
ledger = open(sys.argv[1], "a", buffering=1)
lock = threading.Lock()


class Session(socketserver.BaseRequestHandler):
    def handle(self):
        self.buffer = b""
        self.say("220 lenient.test ESMTP")
        self.mail, self.recipients, self.chunks = "", [], b""
        while (line := self.line()) is not None:
            verb = line.split(b" ")[0].split(b":")[0].upper()
            if verb == b"EHLO":
                words = ["lenient.test"] + offers
                for word in words[:-1]:
                    self.say("250-" + word)
                self.say("250 " + words[-1])
            elif verb == b"MAIL":
                self.mail, self.recipients, self.chunks = line.decode(), [], b""
                self.say("250 2.1.0 Ok")
            elif verb == b"RCPT":
                self.recipients.append(line.decode())
                self.say("250 2.1.5 Ok")
            elif verb == b"DATA":
                self.say("354 go on")
                self.keep("DATA", re.sub(rb"(^|[\r\n])\.", rb"\1", self.until_end()))
            elif verb == b"BDAT":
                words = line.split()
                self.chunks += self.exactly(int(words[1]))
                if words[-1].upper() == b"LAST":
                    self.keep("BDAT", self.chunks)
                else:
                    self.say("250 2.0.0 chunk")
            elif verb == b"QUIT":
                return self.say("221 2.0.0 bye")
            else:
                self.say("250 2.0.0 Ok")

    def keep(self, verb, content):
        with lock:
            ledger.write(json.dumps({
                "mail": self.mail, "recipients": self.recipients, "verb": verb,
                "isClean": not re.search(rb"\0|\r(?!\n)|(?<!\r)\n", content),
                "content": base64.b64encode(content).decode()}) + "\n")
        self.say("250 2.0.0 Ok: queued as 1")

    def say(self, text):
        self.request.sendall(text.encode() + b"\r\n")

    def more(self):
        part = self.request.recv(65536)
        self.buffer += part
        return bool(part)

    def line(self):
        while not (end := LINE.search(self.buffer)):
            if not self.more():
                return None
        line, self.buffer = self.buffer[:end.start()], self.buffer[end.end():]
        return line

    def until_end(self):
        """The content with the line end before the dot, which is its own."""
        while not (end := END.search(b"\r\n" + self.buffer)):
            if not self.more():
                return b""
        content = self.buffer[:end.end(1) - 2]
        self.buffer = self.buffer[end.end() - 2:]
        return content

    def exactly(self, count):
        while len(self.buffer) < count and self.more():
            pass
        content, self.buffer = self.buffer[:count], self.buffer[count:]
        return content


serve(Session)
