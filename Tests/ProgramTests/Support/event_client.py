"""event_client.py PORT: a client that is refused in five ways, then sends one message."""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as connection:
    replies = connection.makefile("rb")

    def said(command, code):
        if command is not None:
            connection.sendall(command + b"\r\n")
        while (line := replies.readline())[3:4] == b"-":
            pass
        assert line.startswith(code), (command, line)

    said(None, b"220")
    said(b"EHLO client.test", b"250")
    said(b"FROBNICATE", b"500")
    said(b"RCPT TO:<b@far.test>", b"503")
    said(b"MAIL FROM:<a@x.test> SIZE=99999999999", b"552")
    said(b"MAIL FROM:<a@x.test>", b"250")
    said(b"RCPT TO:<>", b"501")
    said(b"RCPT TO:<ok@far.test>", b"250")
    said(b"DATA", b"354")
    said(b"Subject: bare\r\n\r\na\nb\r\n.", b"554")
    said(b"MAIL FROM:<a@x.test>", b"250")
    said(b"RCPT TO:<ok@far.test>", b"250")
    said(b"DATA", b"354")
    said(b"Subject: good\r\n\r\nb\r\n.", b"250")
    said(b"QUIT", b"221")
