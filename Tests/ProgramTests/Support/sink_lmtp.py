"""sink_lmtp.py PORT: a message for two recipients by LMTP (RFC 2033): two replies behind the content."""

import socket
import sys

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
file = connection.makefile("rb")


def reply():
    while True:
        line = file.readline()
        if line[3:4] != b"-":
            return line[:3]


assert reply() == b"220"
for command, code in [("EHLO x.test", b"500"), ("LHLO x.test", b"250"), ("MAIL FROM:<a@x.test>", b"250"),
                      ("RCPT TO:<b@y.test>", b"250"), ("RCPT TO:<c@y.test>", b"250"), ("DATA", b"354")]:
    connection.sendall(command.encode() + b"\r\n")
    assert reply() == code, command
connection.sendall(b"Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
assert [reply(), reply(), reply()] == [b"250", b"250", b"221"]
