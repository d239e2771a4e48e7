"""A client that looks at each reply and counts them."""

import socket


class Client:
    connections = 0
    replies = 0

    def __init__(self, port, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        self.file = self.socket.makefile("rb")
        Client.connections += 1

    def reply(self):
        """The code, or nothing at the end of the connection."""
        while True:
            try:
                line = self.file.readline()
            except ConnectionError:
                line = b""
            if not line:
                return None
            if line[3:4] != b"-":
                Client.replies += 1
                return line[:3].decode()

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return self.reply()

    def expect(self, text, code):
        found = self.say(text)
        assert found == code, "%s: %s instead of %s" % (text[:40], found, code)

    def greeted(self):
        assert self.reply() == "220"
        self.expect("EHLO client.test", "250")
        return self

    def envelope(self):
        self.expect("MAIL FROM:<a@x.test>", "250")
        self.expect("RCPT TO:<b@y.test>", "250")
        return self

    def quit(self):
        self.expect("QUIT", "221")
        assert self.reply() is None

    def leave(self):
        self.file.close()
        self.socket.close()
