"""sink_plain.py PORT RECORD: one message taken, one refused for a bare line feed, one whose client leaves. Prints the
connections and the replies that it saw, when the sink has noticed the message that it took."""

import json
import sys
import time

from smtp_client import Client

port, live = int(sys.argv[1]), sys.argv[2] + ".live"
client = Client(port).greeted()
client.expect("DATA", "503")
client.expect("FROB", "500")
client.envelope().expect("DATA", "354")
client.expect("Subject: x\r\n\r\nx\r\n.", "250")
client.envelope().expect("DATA", "354")
client.expect("bare\nline feed\r\n.", "554")
client.quit()
client = Client(port).greeted().envelope()
client.expect("DATA", "354")
client.socket.sendall(b"Subject: x\r\n")
client.leave()
# Whoever comes behind it on the same loop is greeted when it is gone.
Client(port).greeted().quit()
end = time.monotonic() + 30
while True:
    try:
        with open(live) as file:
            if json.load(file)["messages"] == 1:
                break
    except (OSError, ValueError):
        pass
    assert time.monotonic() < end
    time.sleep(0.02)
print(Client.connections, Client.replies)
