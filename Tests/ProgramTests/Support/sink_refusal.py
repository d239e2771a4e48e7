"""sink_refusal.py PORT: connects until it has seen an open port, a refusing one, and an open one again."""

import socket
import sys
import time

seen = []
deadline = time.monotonic() + 30
while len(seen) < 3 and time.monotonic() < deadline:
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5) as connection:
            state = "open" if connection.recv(100).startswith(b"220") else "refused"
    except ConnectionRefusedError:
        state = "refused"
    except ConnectionError:
        # Accepted by the kernel the moment before nobody listened.
        state = "refused"
    if not seen or seen[-1] != state:
        seen.append(state)
    time.sleep(0.02)
print(", ".join(seen))
