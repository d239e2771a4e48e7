"""policy_server.py DIRECTORY CERTIFICATE,KEY: MTA-STS policies over HTTPS, until it is killed. The policy of DOMAIN is the
file of that name; `moved.…` are redirected, `html.…` are text/html, `large.…` never end. Each request is a line in
DIRECTORY/requests."""
import http.server
import os
import sys

from serving import serve_https

directory = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        domain = self.headers["Host"].split(":")[0].removeprefix("mta-sts.")
        with open(os.path.join(directory, "requests"), "a") as ledger:
            ledger.write("%s %s\n" % (domain, self.path))
        try:
            with open(os.path.join(directory, domain), "rb") as file:
                body = file.read()
        except FileNotFoundError:
            self.send_error(404)
            return
        if domain.startswith("moved."):
            self.send_response(301)
            self.send_header("Location", "https://%s/elsewhere" % self.headers["Host"])
        elif self.path != "/.well-known/mta-sts.txt":
            return self.send_error(404)
        else:
            self.send_response(200)
        if domain.startswith("large."):
            body += b"x: " + b"y" * 70_000
        self.send_header("Content-Type", "text/html" if domain.startswith("html.") else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


serve_https(Handler, sys.argv[2])
