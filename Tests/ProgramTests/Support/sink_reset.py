"""sink_reset.py PORT HTTP_PORT: the same run three times, with a reset behind the first and the second: the second is what
the first was, reply by reply and count by count; the third, without one, is not."""

import json
import sys
import urllib.request

from smtp_client import Client

port, http = int(sys.argv[1]), int(sys.argv[2])


def run():
    replies = []
    for connection in range(3):
        client = Client(port).greeted()
        for number in range(20):
            replies.append(client.say("MAIL FROM:<a@x.test>"))
            if replies[-1] == "250":
                replies.append(client.say("RCPT TO:<r%d@y.test>" % (number % 7)))
                if replies[-1] == "250":
                    assert client.say("DATA") == "354"
                    replies.append(client.say("Subject: x\r\n\r\nx\r\n."))
            if replies[-1] is None or replies[-1] == "421":
                return replies
            client.expect("RSET", "250")
        client.quit()
    return replies


def reset():
    request = urllib.request.Request("http://127.0.0.1:%d/reset" % http, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        record = json.load(answer)
    return {key: record.get(key) for key in ["received", "refused", "begun", "connections", "replies", "rules"]}


first, counts = run(), reset()
second, again = run(), reset()
assert {"450", "451", "452", "550"} <= set(first), set(first)
assert second == first, (first, second)
assert again == counts, (counts, again)
run()
third = run()
assert third != first, "what the rules remember should show"
