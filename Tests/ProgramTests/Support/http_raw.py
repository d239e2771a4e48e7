"""http_raw.py PORT PID TIMEOUT: what no HTTP library sends. Answers are counted to the last octet, the server has to stay
up and small, and others have to be answered meanwhile. TIMEOUT is the server's request_timeout. Prints how many recipients
were accepted."""
import gzip
import json
import re
import socket
import sys
import threading
import time
import zlib
from email.utils import parsedate_to_datetime

port, pid, patience = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
accepted = 0
MIB = 1 << 20


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def responses(data):
    """(status, fields, body) of each response in these octets, which have to be responses and nothing else."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(re.fullmatch(r"HTTP/1\.[01] (\d{3}) .*", lines[0])[1])
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = 0 if status == 100 else int(fields["content-length"])
        assert len(data) >= length, (head, len(data))
        found.append((status, fields, data[:length]))
        data = data[length:]
    return found


def exchange(*pieces, ends=False):
    """Everything that the server says until it closes; `ends`: this side says first that nothing more comes."""
    with connect() as client:
        try:
            for piece in pieces:
                client.sendall(piece)
            if ends:
                client.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        said = b""
        while part := client.recv(1 << 16):
            said += part
        return responses(said)


def request(body=b"", *fields, method="POST", path="/api/inject/v1", version="1.1", length=True, close=True):
    lines = [f"{method} {path} HTTP/{version}", "Host: mta.test", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def mail(count=1, content="Subject: x\n\nHi\n", **more):
    people = [{"email": f"u{index}@y.test"} for index in range(count)]
    return json.dumps({"envelope_sender": "a@x.test", "recipients": people, "content": content, **more}).encode()


def expect(statuses, *pieces, **more):
    """These statuses, in this order, and nothing else; then the next client is answered."""
    global accepted
    found = exchange(*pieces, **more)
    assert [status for status, _, _ in found] == statuses, (statuses, str(found)[:500], pieces[0][:200])
    for status, fields, body in found:
        if status >= 200:
            assert abs(parsedate_to_datetime(fields["date"]).timestamp() - time.time()) < 5, fields
        if fields.get("content-type") == "application/json" and body:
            answer = json.loads(body)
            accepted += answer.get("success_count", 0)
            assert status < 400 or answer["error"], answer
    begun = time.monotonic()
    assert exchange(request(method="GET", path="/api/check-liveness/v1"))[0][0] == 200
    assert time.monotonic() - begun < 2, "somebody else had to wait"
    return found


def peak():
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) << 10


class Drip(threading.Thread):
    """A client that sends an octet every 0.3 seconds behind a beginning, until it is cut off."""

    def __init__(self, beginning):
        super().__init__()
        self.beginning, self.said, self.seconds = beginning, b"", None
        self.start()

    def run(self):
        begun = time.monotonic()
        with connect() as client:
            client.sendall(self.beginning)
            client.settimeout(0.3)
            while time.monotonic() - begun < 10 * patience:
                try:
                    part = client.recv(4096)
                    if not part:
                        break
                    self.said += part
                except TimeoutError:
                    pass
                except ConnectionResetError:
                    break
                try:
                    client.send(b"x")
                except (BrokenPipeError, ConnectionResetError):
                    break
        self.seconds = time.monotonic() - begun


def framing():
    body = mail()
    chunked = b"%x;a=b\r\n%s\r\n1\r\n \r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body)
    expect([200], request(length=False) .replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + chunked)
    expect([400], request(length=False))
    expect([200], request(body, version="1.0", close=False))
    expect([200, 200], request(body, "Connection: keep-alive", version="1.0", close=False) + request(body, version="1.0"))
    expect([100, 200], request(body, "Expect: 100-continue"))
    expect([200], *[request(body)[at:at + 1] for at in range(len(request(body)))])
    for bad in [b"zz\r\n", b"fffffffffffffffff\r\n", b"-1\r\n", b"5\r\nabcdefg\r\n0\r\n\r\n", b"\x00"]:
        expect([400], request(length=False, close=False).replace(
            b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + bad)
    for length in ["-1", "+5", "abc", "5, 5", "5 5", "0x5", "99999999999999999999999", ""]:
        expect([400], request(b"", f"Content-Length: {length}", length=False) + b"12345")
    expect([400], request(b"", "Content-Length: 5", "Content-Length: 6", length=False) + b"123456")
    expect([200], request(body, close=False), ends=True)
    expect([200, 404], request(body, close=False) + request(path="/x", close=False), ends=True)
    assert exchange(request(body)[:-10], ends=True) == []


def smuggling():
    """Where two readers could see two ends, there is one answer and no second request."""
    inner = request(mail())
    for field in ["Transfer-Encoding: chunked", "Transfer-Encoding:\tchunked", "transfer-encoding: identity, chunked",
                  "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked, identity",
                  "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "X: y\r\n Transfer-Encoding: chunked",
                  "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked", "X\x00: y", " X: y"]:
        found = exchange(request(b"0\r\n\r\n", field, close=False) + inner)
        assert len(found) == 1 and found[0][0] == 400, (field, found)
    for field in ["Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, x", "Transfer-Encoding: identity"]:
        found = exchange(request(b"", field, length=False, close=False) + b"0\r\n\r\n" + inner)
        assert len(found) == 1 and found[0][0] == 400, (field, found)


def heads():
    get = request(method="GET", path="/metrics", length=False)
    expect([200], get)
    expect([400], get.replace(b"Host: mta.test\r\n", b""))
    expect([400], get.replace(b"Host: mta.test\r\n", b"Host: a\r\nHost: b\r\n"))
    expect([200], get.replace(b" /metrics", b" http://mta.test/metrics?prefix=millrace%5Fspool"))
    for target in [b"/metrics?=", b"/metrics?&=&", b"/metrics?prefix=%zz%", b"/metrics?%00=%ff"]:
        expect([200], get.replace(b"/metrics", target))
    for target in [b"/", b"*", b"//", b"/../metrics", b"/api/inject/v1/", b"/%2e", b"http://"]:
        expect([404], get.replace(b"/metrics", target))
    expect([400], get.replace(b"/metrics", b"/metrics?prefix=\xff"))
    expect([431], request(b"", "X: " + "a" * 70_000))
    expect([431], request(b"", *[f"X{index}: y" for index in range(300)]))
    expect([431], get.replace(b"/metrics", b"/" + b"a" * 100_000))
    for noise in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                  b"EHLO x\r\n", b"GET /metrics\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n", bytes(1000), b"\xff" * 1000,
                  b"NOSUCH /metrics HTTP/1.1\r\nHost: x\r\n\r\n"]:
        expect([400], noise)
    assert exchange(request(b"", method="HEAD", path="/nowhere", close=False).replace(b"HEAD", b"PUT"),
                    request(method="DELETE", path="/metrics"))[1][1]["allow"] == "get, head"


def pipelines():
    """Answers come in the order of the requests, however many come at once."""
    expect([200] * 3000, request(method="GET", path="/api/check-liveness/v1", length=False, close=False) * 2999
           + request(method="GET", path="/api/check-liveness/v1"))
    expect([200, 422, 404, 400, 405, 415, 200], request(mail(100), close=False) + request(b"{}", close=False)
           + request(b"", path="/x", close=False) + request(b"{", close=False) + request(b"", method="PUT", close=False)
           + request(mail(), "Content-Type: text/plain", close=False) + request(mail()) + request(mail()))
    expect([200, 400], request(mail(100), close=False) + b"garbage\r\n\r\n")


def bodies():
    def compressed(body, coding="gzip"):
        return request(body, f"Content-Encoding: {coding}")

    body, packed = mail(2), gzip.compress(mail(2))
    expect([200], compressed(packed))
    expect([200], compressed(zlib.compress(body), "deflate"))
    expect([200], compressed(body, "identity"))
    for bad in [packed[:-1], packed[:20], packed + b"x", packed[:30] + b"\x00" + packed[31:], body]:
        expect([400], compressed(bad))
    for coding in ["br", "gzip, gzip", "zstd"]:
        assert expect([415], compressed(packed, coding))[0][1]["accept-encoding"] == "gzip, deflate"
    for bad in [b'"\xff"', b'{"\xc3\x28":1}', b'"\xed\xa0\x80"', b'"\x00"', b"\x00", b'"\\ud800"', b"\xef\xbb\xbf{}",
                b"[" * 100_000, b'{"a":' * 100_000, b"[" * 65 + b"]" * 65, b"nul", b"1e", b"01", b'"', b""]:
        expect([400], request(bad))
    expect([422], request(mail(content="Subject: x\n\n\0\n")))
    expect([422], request(mail(content={"text_body": "x", "subject": "a\0b"})))
    expect([200], request(mail(content={"text_body": "\0\u2028", "subject": "\ufffe"})))


def sizes():
    """Limits hold, and a request costs memory in proportion to what it is."""
    before = peak()
    zeros = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(zeros.compress(bytes(MIB)) for _ in range(1024)) + zeros.flush()
    expect([413], request(bomb, "Content-Encoding: gzip"))
    expect([413], request(b"", "Content-Length: 1000000000", length=False))
    expect([413], request(length=False).replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
           *[b"100000\r\n" + bytes(MIB) + b"\r\n"] * 40)
    # What is refused anyhow is not waited for.
    for path, method, status in [("/nowhere", "POST", 404), ("/metrics", "POST", 405), ("/api/inject/v1", "PUT", 405)]:
        expect([status], request(b"", "Content-Length: 30000000", path=path, method=method, length=False))
    assert peak() - before < 150 * MIB, (before, peak())
    assert b"recipients" in expect([422], request(mail(100_001)))[0][2]
    expect([400], request(b"[" + b"0," * (15 * MIB) + b"0]"))
    expect([400], request(b"[" + b"{}," * (10 * MIB) + b"0]"))
    expect([422], request(mail(50_000, "Subject: {{ name }}\n\n" + "x" * 70 + "\n" + ("y" * 70 + "\n") * 400)))
    expect([200], request(mail(100_000)))
    assert peak() < 700 * MIB, peak()


slow = [Drip(request(length=False).replace(b"\r\n\r\n", b"\r\nContent-Length: 1000\r\n\r\n")),
        Drip(request(length=False).replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n")),
        Drip(b"GET /metrics HTTP/1.1\r\nX: ")]
for part in [framing, smuggling, heads, pipelines, bodies, sizes]:
    part()
    print(f"{part.__name__}: {peak() // MIB} MiB at most", file=sys.stderr)
for client in slow:
    client.join()
    assert patience * 0.9 < client.seconds < patience + 4, client.seconds
assert [[status for status, _, _ in responses(client.said)] for client in slow] == [[408], [408], []]
print(accepted)
