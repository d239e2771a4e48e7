"""injection_server.py HOST ANSWER: takes requests to inject mail and gives each this answer; for each request a line of
JSON on standard output: its Host field, where it comes from, and what of its body is no message."""
import http.server
import json
import socket
import sys

host, answer = sys.argv[1], sys.argv[2].encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body.pop("content")
        body["recipients"] = len(body["recipients"])
        print(json.dumps({"host": self.headers["Host"], "client": self.client_address[0], **body}), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in host else socket.AF_INET


with Server((host, 0), Handler) as server:
    print(f"listening {host}:{server.server_address[1]}", flush=True)
    server.serve_forever()
