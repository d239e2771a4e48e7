"""receivers.py FILE NAME[=CERTIFICATE,KEY]…: next hops by aiosmtpd, one a NAME, until they are killed.

With a certificate it offers STARTTLS; `lmtp…` speaks LMTP; `broken` and `eager` (not aiosmtpd) offer STARTTLS, cannot
shake hands (`eager` says more in the clear behind its 220) and take mail in the clear; their session's number is that of
the STARTTLS they were told. A receiver named `asking…` wants a certificate of the client's, signed by its own
certificate file's last one; `old…` knows no TLS 1.3. Each MAIL is a line in FILE.mail: receiver, `TLS` or `clear`, sender. Says each one's name and port, then 'listening'. Each message is a line of JSON in FILE:
which receiver, whether over TLS and with which server name, the client's address and EHLO name, the session's number,
the recipients.
"""
import asyncio
import itertools
import json
import socketserver
import ssl
import sys
import threading

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

ledger = open(sys.argv[1], "a", buffering=1)
mails = open(sys.argv[1] + ".mail", "a", buffering=1)
lock = threading.Lock()
numbers = itertools.count(1)
LMTP_ANSWERS = {"ok": "250 2.1.5 kept", "no": "550 5.1.1 no such mailbox", "later": "451 4.2.1 locked"}


def note(name, tls, peer, ehlo, session, recipients, server_name=None):
    with lock:
        ledger.write(json.dumps({
            "receiver": name, "tls": tls, "server_name": server_name, "peer": peer, "ehlo": ehlo, "session": session,
            "recipients": recipients}) + "\n")


class Handler:
    """One a connection."""

    def __init__(self, name):
        self.name = name
        self.number = next(numbers)

    async def handle_MAIL(self, server, session, envelope, address, options):
        mails.write("%s %s %s\n" % (self.name, "TLS" if session.ssl else "clear", address))
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_DATA(self, server, session, envelope):
        named = getattr(session.ssl["ssl_object"], "named", None) if session.ssl else None
        note(self.name, session.ssl is not None, session.peer[0], session.host_name, self.number, envelope.rcpt_tos, named)
        if self.name.startswith("lmtp"):  # RFC 2033 §4.2: an answer a recipient
            return "\r\n".join(LMTP_ANSWERS[address.split("@")[0]] for address in envelope.rcpt_tos)
        return "250 2.0.0 kept"


class BrokenTLS(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.server.name
        self.wfile.write(b"220 broken.test\r\n")
        recipients = []
        while line := self.rfile.readline().strip():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.wfile.write(b"250-broken.test\r\n250 STARTTLS\r\n")
            elif verb == b"STAR":
                self.server.handshakes += 1
                self.wfile.write(b"220 go on\r\n" + (b"250 2.0.0 Ok\r\n" if name == "eager" else b""))
                self.rfile.read1(1)  # the client says hello
                self.wfile.write(b"this is no handshake\r\n")
                return
            elif verb == b"RCPT":
                recipients.append(line.decode().split("<")[1].split(">")[0])
                self.wfile.write(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
                note(name, False, self.client_address[0], "", self.server.handshakes, recipients)
                self.wfile.write(b"250 2.0.0 kept\r\n")
            else:
                self.wfile.write(b"250 2.0.0 Ok\r\n")


class ThreadedServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    handshakes = 0

    def __init__(self, name):
        self.name = name
        super().__init__(("127.0.0.1", 0), BrokenTLS)


async def start(name, certificate):
    settings = {}
    if certificate:
        settings["tls_context"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings["tls_context"].load_cert_chain(*certificate.split(","))
        if name.startswith("old"):
            settings["tls_context"].maximum_version = ssl.TLSVersion.TLSv1_2
        if name.startswith("asking"):
            settings["tls_context"].load_verify_locations(certificate.split(",")[0])
            settings["tls_context"].verify_mode = ssl.CERT_REQUIRED
        settings["tls_context"].sni_callback = lambda connection, server_name, _: setattr(
            connection, "named", server_name)
    kind = LMTP if name.startswith("lmtp") else SMTP
    server = await asyncio.get_running_loop().create_server(
        lambda: kind(Handler(name), hostname=name + ".test", **settings), "127.0.0.1", 0)
    print(name, server.sockets[0].getsockname()[1], flush=True)
    return server


async def main():
    servers = []  # kept, or they are collected
    for word in sys.argv[2:]:
        name, _, certificate = word.partition("=")
        if name in ("broken", "eager"):
            broken = ThreadedServer(name)
            threading.Thread(target=broken.serve_forever, daemon=True).start()
            print(name, broken.server_address[1], flush=True)
        else:
            servers.append(await start(name, certificate))
    print("listening 127.0.0.1:0", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
