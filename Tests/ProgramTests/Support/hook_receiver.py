"""hook_receiver.py PORT FILE FAILURES [WORD]: takes events over HTTP, each a line of JSON in FILE; answers 503 to as many
requests first, and always to those with WORD in them. The Authorization field has to be right."""
import http.server
import json
import sys

failures = int(sys.argv[3])
unwanted = sys.argv[4].encode() if len(sys.argv) > 4 else None
ledger = open(sys.argv[2], "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global failures
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 200
        if self.headers["Authorization"] != "Bearer secret" or self.headers["Content-Type"] != "application/json":
            status = 401
        elif failures > 0:
            failures -= 1
            status = 503
        elif unwanted and unwanted in body:
            status = 503
        else:
            for event in json.loads(body):
                ledger.write(json.dumps(event) + "\n")
        self.send_response(status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True


with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    print("listening 127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()
