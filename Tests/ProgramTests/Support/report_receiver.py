"""report_receiver.py FILE CERTIFICATE,KEY: takes TLS reports over HTTPS until it is killed. Each is a line in FILE: path,
Content-Type, and what it says, uncompressed."""
import gzip
import http.server
import sys

from serving import serve_https


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "a") as ledger:
            ledger.write("%s %s %s\n" % (self.path, self.headers["Content-Type"], gzip.decompress(body).decode().strip()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


serve_https(Handler, sys.argv[2])
