"""refusing_server.py DIRECTORY: an SMTP server that answers 550 to RCPT TO:<reject@…>, 450 to <defer@…>, and keeps
the rest.

Kept as sink-mta --keep does: N.eml and N.envelope. First line on stdout: listening 127.0.0.1:PORT.
"""

import itertools
import re
import socketserver
import sys
from pathlib import Path

from serving import serve

directory = Path(sys.argv[1])
numbers = itertools.count(1)


class Session(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.reply("220 refusing.test ESMTP")
        sender, recipients = None, []
        while line := self.rfile.readline():
            verb = line[:4].upper()
            path = re.search(rb"<([^>]*)>", line)
            if verb == b"MAIL":
                sender, recipients = path[1].decode(), []
                self.reply("250 2.1.0 ok")
            elif verb == b"RCPT" and path[1].startswith(b"reject@"):
                self.reply("550 5.1.1 no such user here")
            elif verb == b"RCPT" and path[1].startswith(b"defer@"):
                self.reply("450 4.2.1 mailbox is busy")
            elif verb == b"RCPT":
                recipients.append(path[1].decode())
                self.reply("250 2.1.5 ok")
            elif verb == b"DATA" and not recipients:
                self.reply("554 5.5.1 no valid recipients")
            elif verb == b"DATA":
                self.reply("354 go ahead")
                self.keep(sender, recipients)
                self.reply("250 2.0.0 kept")
            elif verb == b"QUIT":
                return self.reply("221 2.0.0 bye")
            elif verb == b"EHLO":
                self.reply("250-refusing.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
            else:
                self.reply("250 2.0.0 ok")

    def keep(self, sender, recipients):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        base = directory / str(next(numbers))
        base.with_suffix(".eml").write_bytes(b"".join(lines))
        base.with_suffix(".envelope").write_text("\n".join([sender, *recipients]) + "\n")


serve(Session)
