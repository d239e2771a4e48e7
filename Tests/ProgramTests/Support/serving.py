"""A server of one test: a thread a client, on a free port, which its first line names."""
import http.server
import socketserver
import ssl


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def serve(handler):
    with Server(("127.0.0.1", 0), handler) as server:
        print(f"listening 127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


def serve_https(handler, certificate):
    """`certificate`: CERTIFICATE,KEY."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate.split(","))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(f"listening 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
