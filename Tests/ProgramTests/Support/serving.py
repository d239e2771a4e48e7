"""A server of one test: a thread a client, on a free port, which its first line names."""
import socketserver


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def serve(handler):
    with Server(("127.0.0.1", 0), handler) as server:
        print(f"listening 127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
