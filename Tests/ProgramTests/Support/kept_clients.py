"""kept_clients.py PORT FILE: two clients; says `ready` when they rest, and, once FILE is there, what their next messages
are answered."""

import os
import socket
import sys
import time

port, signal = int(sys.argv[1]), sys.argv[2]
clients = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(2)]
files = [client.makefile("rb") for client in clients]


def say(index, text):
    if text:
        clients[index].sendall(text.encode())
    while True:
        line = files[index].readline()
        if not line or line[3:4] != b"-":
            return line[:3].decode()


for index in range(2):
    assert say(index, "") == "220" and say(index, "EHLO client.test\r\n") == "250"
print("ready", flush=True)
while not os.path.exists(signal):
    time.sleep(0.01)
for index in range(2):
    commands = ["MAIL FROM:<a@x.test>", "RCPT TO:<b@y.test>", "DATA", "hello\r\n.", "QUIT"]
    print(" ".join(say(index, command + "\r\n") for command in commands), flush=True)
