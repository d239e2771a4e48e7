"""sink_peak.py PORT COUNT: so many connections at once, all greeted, and all gone at once."""

import sys

from smtp_client import Client

clients = [Client(int(sys.argv[1])) for _ in range(int(sys.argv[2]))]
for client in clients:
    assert client.reply() == "220"
for client in clients:
    client.leave()
