"""silent_server.py: takes connections and never says a word. First line on stdout: listening 127.0.0.1:PORT."""

import socket

with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
    print(f"listening 127.0.0.1:{server.getsockname()[1]}", flush=True)
    connections = []
    while True:
        connections.append(server.accept())
