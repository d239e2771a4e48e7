"""sink_counts.py PORT HTTP_PORT: all that a session can come to, with the rules of counts.yaml. Prints the connections, the
messages whose content began, and the replies that it saw, when the sink has noticed all of it."""

import json
import sys
import time
import urllib.request

from smtp_client import Client

port, http = int(sys.argv[1]), int(sys.argv[2])
begun = 0

# Refusals by the session itself.
client = Client(port).greeted()
for text, code in [
    ("FROB", "500"), ("RCPT TO:<b@y.test>", "503"), ("DATA", "503"), ("MAIL FROM:broken", "501"), ("NOOP", "250"),
    ("MAIL FROM:<a@x.test>", "250"), ("MAIL FROM:<a@x.test>", "503"), ("RCPT TO:", "501"), ("DATA", "554"),
    ("VRFY x", "252"), ("EXPN x", "502"), ("RSET", "250"), ("STARTTLS", "502"),
    ("EHLO", "501"), ("HELO again.test", "250"),
]:
    client.expect(text, code)
client.socket.sendall(b"BDAT 5 LAST\r\nhello")
assert client.reply() == "503"
# Content that is taken, refused for what is in it, or given up.
client.expect("EHLO client.test", "250")
client.envelope().expect("DATA", "354")
client.expect("Subject: x\r\n\r\nx\r\n.", "250")
client.envelope().expect("DATA", "354")
client.expect("bare\nline feed\r\n.", "554")
begun += 2
client.quit()
client = Client(port).greeted()
client.envelope()
client.socket.sendall(b"BDAT 3\r\nabcRSET\r\n")
assert client.reply() == "250" and client.reply() == "250"
client.envelope()
client.socket.sendall(b"BDAT 3\r\nabcBDAT 3 LAST\r\nabc")
assert client.reply() == "250" and client.reply() == "250"
begun += 2
client.quit()
# Those who leave within.
for content in [b"", b"Subject: x\r\n"]:
    client = Client(port).greeted().envelope()
    client.expect("DATA", "354")
    client.socket.sendall(content)
    client.leave()
    begun += 1
client = Client(port).greeted().envelope()
client.socket.sendall(b"BDAT 100 LAST\r\nabc")
client.leave()
begun += 1

# The rules.
client = Client(port, "127.0.7.1")
assert client.reply() == "554" and client.reply() is None
assert Client(port, "127.0.7.2").reply() is None
client = Client(port, "127.0.7.3").greeted().envelope()
client.expect("DATA", "354")
assert client.say("Subject: x\r\n\r\nx\r\n.") is None
client = Client(port, "127.0.7.4").greeted().envelope()
client.expect("DATA", "354")
client.socket.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n")
client.leave()
client = Client(port, "127.0.7.5").greeted().envelope()
client.expect("DATA", "354")
assert client.say("x" * 900 + "\r\n" + "y" * 900) is None
client = Client(port, "127.0.7.6")
client.leave()
client = Client(port, "127.0.7.7").greeted()
client.expect("MAIL FROM:<a@x.test>", "250")
client.expect("RCPT TO:<b@y.test>", "550")
client.quit()
client = Client(port, "127.0.7.8").greeted().envelope()
client.expect("DATA", "354")
client.expect("Subject: x\r\n\r\nx\r\n.", "451")
client.quit()
begun += 4

end = time.monotonic() + 30
while True:
    with urllib.request.urlopen("http://127.0.0.1:%d/counters" % http, timeout=10) as answer:
        record = json.load(answer)
    greetings = sum(row["count"] for row in record["replies"] if row["stage"] == "greeting")
    if record["begun"] == record["received"] + record["refused"] and greetings == Client.connections:
        break
    assert time.monotonic() < end, record
    time.sleep(0.02)
print(Client.connections, begun, Client.replies)
