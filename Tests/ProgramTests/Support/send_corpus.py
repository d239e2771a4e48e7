"""send_corpus.py PORT DIRECTORY data|bdat: sends each N.eml to its N.envelope over one connection.

data: smtplib, which quotes the dots. bdat: a raw socket, content in chunks of odd sizes, as it is.
"""

import smtplib
import socket
import sys
from pathlib import Path


def main():
    port, directory, verb = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    messages = []
    for path in sorted(directory.glob("*.eml"), key=lambda path: int(path.stem)):
        sender, *recipients = path.with_suffix(".envelope").read_text(encoding="utf-8").splitlines()
        messages.append((sender, recipients, path.read_bytes()))
    {"data": send_by_smtplib, "bdat": send_by_bdat}[verb](port, messages)


def parameters(sender, recipients, content):
    words = ["BODY=8BITMIME"] if any(byte >= 0x80 for byte in content) else []
    return words + (["SMTPUTF8"] if not "".join([sender, *recipients]).isascii() else [])


def send_by_smtplib(port, messages):
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo()
        for sender, recipients, content in messages:
            refused = client.sendmail(sender, recipients, content, parameters(sender, recipients, content))
            assert refused == {}, refused


def send_by_bdat(port, messages):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        replies = connection.makefile("rb")

        def expect(code):
            while (line := replies.readline())[3:4] == b"-":
                pass
            assert line.startswith(code), line

        def command(text, code=b"250"):
            connection.sendall(text.encode() + b"\r\n")
            expect(code)

        expect(b"220")
        command("EHLO corpus.test")
        for number, (sender, recipients, content) in enumerate(messages):
            command(" ".join([f"MAIL FROM:<{sender}>", *parameters(sender, recipients, content)]))
            for recipient in recipients:
                command(f"RCPT TO:<{recipient}>")
            # One chunk, or several whose bounds fall anywhere, also between CR and LF.
            step = max(1, len(content) // (number % 5 + 1) + number % 3)
            for start in range(0, max(1, len(content)), step):
                chunk = content[start:start + step]
                last = " LAST" if start + step >= len(content) else ""
                connection.sendall(b"BDAT %d%s\r\n" % (len(chunk), last.encode()) + chunk)
                expect(b"250")
        command("QUIT", b"221")


main()
