"""sink_chunks.py PORT: content by BDAT in every cut that a client may make: 7 messages, 1,020,018 octets together."""

import socket
import sys
import time

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
file = connection.makefile("rb")


def expect(code):
    while True:
        line = file.readline()
        assert line.startswith(code), "%r instead of %r" % (line, code)
        if line[3:4] == b" ":
            return


def send(*pieces):
    for piece in pieces:
        connection.sendall(piece)


ENVELOPE = b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\n"
expect(b"220")
send(b"EHLO c.test\r\n")
expect(b"250")
# At once, with what comes next behind it.
send(ENVELOPE + b"BDAT 200000 LAST\r\n" + b"a" * 200000 + ENVELOPE)
for code in [b"250"] * 5:
    expect(code)
# In pieces that arrive late, and behind which nothing comes.
send(b"BDAT 300000 LAST\r\n")
for piece in range(3):
    time.sleep(0.1)
    send(b"b" * 100000)
expect(b"250")
# The command alone, then nothing for a while, then all.
send(ENVELOPE)
expect(b"250"), expect(b"250")
send(b"BDAT 100000 LAST\r\n")
time.sleep(0.1)
send(b"c" * 100000)
expect(b"250")
# Several chunks, the last one empty.
send(ENVELOPE + b"BDAT 100000\r\n" + b"d" * 100000 + b"BDAT 5\r\nddddd" + b"BDAT 100000\r\n" + b"d" * 100000 + b"BDAT 0 LAST\r\n")
for code in [b"250"] * 6:
    expect(code)
# A small one, and DATA on the same connection.
send(ENVELOPE + b"BDAT 5 LAST\r\nhello" + ENVELOPE + b"DATA\r\n")
for code in [b"250"] * 5 + [b"354"]:
    expect(code)
send(b"12345\r\n" * 2858 + b"xx\r\n.\r\n")
expect(b"250")
# Refused: the chunk is not content, and what follows is a command.
send(b"BDAT 50000 LAST\r\n" + b"e" * 50000 + b"NOOP\r\n")
expect(b"503"), expect(b"250")
# Cut in a chunk: not a message.
send(ENVELOPE + b"BDAT 199998 LAST\r\n" + b"f" * 199998)
expect(b"250"), expect(b"250"), expect(b"250")
send(ENVELOPE + b"BDAT 300000 LAST\r\n" + b"g" * 150000)
expect(b"250"), expect(b"250")
connection.close()
