"""hook_bridge.py SOCKET FILE: what a bridge to a broker does, over a Unix socket: takes events as a REST proxy of Kafka does,
each a line of JSON in FILE. Of the first request it says that the broker refused a record."""
import http.server
import json
import socketserver
import sys

ledger = open(sys.argv[2], "a", buffering=1)
requests = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global requests
        requests += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Content-Type"] == "application/vnd.kafka.json.v2+json", self.headers
        assert self.path == "/topics/mail", self.path
        places = [{"partition": 0, "offset": n, "error_code": None, "error": None} for n in range(len(body["records"]))]
        if requests == 1:
            places[-1] = {"partition": 0, "error_code": 50003, "error": "no leader"}
        else:
            for record in body["records"]:
                ledger.write(json.dumps(record["value"]) + "\n")
        answer = json.dumps({"offsets": places}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


with socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler) as server:
    print("listening %s:0" % sys.argv[1], flush=True)
    server.serve_forever()
