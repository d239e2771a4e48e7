"""smuggle.py SMTP_PORT HTTP_PORT: messages that a careless server would take for two, over DATA, BDAT and HTTP.

Over SMTP each is sent whole, cut in two at every octet of the place that matters, and octet by octet. Prints, as JSON,
how many were tried and how many were taken, by the way they came in; a second message from one is an error.

smuggle.py PORT control: one such message to a server that is known to be careless; prints how many it took.
"""
import http.client
import json
import socket
import sys
import time

ENDS = [b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r", b"\0\r\n", b"\r\0\n"]
# Dots that end nothing; the first two and the last are content like any other.
DOTS = [b"\r\n..\r\n", b"\r\n\x0b.\r\n", b"\r\n..\n", b"\n..\r\n", b"\r\n.\n.\r\n", b"\r\n.\0\r\n", b"\r\n\0.\r\n", b"\x85.\x85"]
PLACES = [before + b"." + after for before in ENDS for after in ENDS] + DOTS + [b"\r\n.\r\n.\r\n", b"\r\n\r\n.\r\n"]
# In a chunk and in JSON nothing ends a message but its length; over DATA this is the end (RFC 5321 §4.1.1.4).
END = b"\r\n.\r\n"
EVIL = b"MAIL FROM:<smuggled@x.test>\r\nRCPT TO:<victim@y.test>\r\nDATA\r\nSubject: second\r\n\r\nevil\r\n"
HEAD = b"From: <a@x.test>\r\nSubject: first\r\n\r\nbody"
PAUSE = 0.0005  # so that the parts are read apart
tried = {"DATA": 0, "BDAT": 0, "HTTP": 0}
taken = {"DATA": 0, "BDAT": 0, "HTTP": 0}


def reply(file):
    while True:
        line = file.readline()
        if not line or line[3:4] != b"-":
            return line


def opened(port, body=b""):
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    file = connection.makefile("rb")
    reply(file)
    for command in (b"EHLO client.test", b"MAIL FROM:<first@x.test>" + body, b"RCPT TO:<b@y.test>"):
        connection.sendall(command + b"\r\n")
        answer = reply(file)
        assert answer.startswith(b"250"), answer
    return connection, file


def cuts(place):
    """Lists of lengths: where the parts of the place end."""
    return [[]] + [[index] for index in range(len(place) + 1)] + [list(range(len(place) + 1))]


def parts(place, cut, end=b""):
    whole = HEAD + place + EVIL + end
    edges = [0] + [len(HEAD) + index for index in cut] + [len(whole)]
    return [whole[start:stop] for start, stop in zip(edges, edges[1:])]


def finish(way, connection, file, replies):
    """What is said to the content and to QUIT: more would be to commands that were none."""
    connection.sendall(b"QUIT\r\n")
    answers = file.read().splitlines()
    assert len(answers) == replies + 1 and answers[-1].startswith(b"221"), answers
    tried[way] += 1
    taken[way] += answers[-2].startswith(b"250")
    connection.close()


def eight_bit(place):
    return b" BODY=8BITMIME" if any(octet > 127 for octet in place) else b""


def by_data(port, place, cut):
    connection, file = opened(port, eight_bit(place))
    connection.sendall(b"DATA\r\n")
    assert reply(file).startswith(b"354")
    for part in parts(place, cut, b".\r\n"):
        connection.sendall(part)
        time.sleep(PAUSE)
    return connection, file


def by_chunks(port, place, cut):
    connection, file = opened(port, eight_bit(place))
    chunks = parts(place, cut)
    for index, part in enumerate(chunks):
        last = b" LAST" if index == len(chunks) - 1 else b""
        connection.sendall(b"BDAT %d%s\r\n" % (len(part), last) + part)
        time.sleep(PAUSE)
    finish("BDAT", connection, file, len(chunks))


def by_http(client, place):
    text = (HEAD + place + EVIL).decode("latin-1")
    smuggled = "b@y.test>" + (place + EVIL).decode("latin-1")
    plain = {"envelope_sender": "first@x.test", "recipients": [{"email": "b@y.test"}], "content": text}
    built = {"from": {"email": "a@x.test"}, "subject": "s", "text_body": "t"}
    requests = [
        plain,
        plain | {"content": built | {"text_body": text}},
        plain | {"content": built | {"html_body": text}},
        plain | {"content": built | {"subject": text}},
        plain | {"content": built | {"from": {"email": "a@x.test", "name": text}}},
        plain | {"content": built | {"headers": {"X-Text": text}}},
        plain | {"content": built | {"headers": {text: "value"}}},
        plain | {"envelope_sender": smuggled},
        plain | {"recipients": [{"email": smuggled}]},
    ]
    for request in requests:
        client.request("POST", "/api/inject/v1", json.dumps(request), {"Content-Type": "application/json"})
        answer = client.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200 or 400 <= answer.status < 500, (answer.status, body)
        tried["HTTP"] += 1
        taken["HTTP"] += body.get("success_count", 0)


def main():
    smtp, web = int(sys.argv[1]), int(sys.argv[2])
    for place in (place for place in PLACES if END not in place):
        for cut in cuts(place):
            finish("DATA", *by_data(smtp, place, cut), 1)
    for place in PLACES:
        for cut in cuts(place):
            by_chunks(smtp, place, cut)
    client = http.client.HTTPConnection("127.0.0.1", web, timeout=20)
    for place in PLACES:
        by_http(client, place)
    print(json.dumps({"places": len(PLACES), "tried": tried, "taken": taken}))


if sys.argv[2] == "control":
    connection, file = by_data(int(sys.argv[1]), b"\n.\r\n", [])
    connection.sendall(b"QUIT\r\n")
    print(file.read().count(b"queued as"))
else:
    main()
