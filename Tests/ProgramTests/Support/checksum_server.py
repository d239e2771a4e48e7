"""checksum_server.py FILE [SOCKET]: an SMTP server, or an LMTP server on a UNIX socket, that appends to FILE, for each
message, a digest of its envelope and content, the time in its first line left out."""
import asyncio
import hashlib
import re
import sys

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_DATA(self, server, session, envelope):
        content = re.sub(rb" due=[0-9a-f]{16}", b"", envelope.original_content, count=1)
        digest = hashlib.sha256(repr((envelope.mail_from, envelope.rcpt_tos)).encode() + content).hexdigest()
        with open(sys.argv[1], "a") as file:
            file.write(digest + "\n")
        return "250 taken"


async def main():
    loop = asyncio.get_running_loop()
    if len(sys.argv) > 2:
        server = await loop.create_unix_server(lambda: LMTP(Handler(), hostname="sums.test"), sys.argv[2])
        print("listening unix:0", flush=True)
    else:
        server = await loop.create_server(lambda: SMTP(Handler(), hostname="sums.test"), "127.0.0.1", 0)
        print(f"listening 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
