"""client_limits.py PLAIN LIMITED CROWDED: what clients of 127.0.0.1 and of the network 127.0.9.0/24 may do.

LIMITED has limits, others for 127.0.9.0/24; CROWDED takes two connections in all. PLAIN has none.
"""
import socket
import sys
import time

plain, limited, crowded = (int(word) for word in sys.argv[1:4])


class Client:
    def __init__(self, port, source="127.0.0.1"):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
        self.file = self.connection.makefile("rb")
        self.greeting = self.reply()
        if self.greeting.startswith("220"):
            self.expect("EHLO client.test", "250")

    def reply(self):
        while (line := self.file.readline())[3:4] == b"-":
            pass
        return line.decode().rstrip()

    def expect(self, command, answer):
        self.connection.sendall(command.encode() + b"\r\n")
        said = self.reply()
        assert said.startswith(answer), (command, said)

    def begin(self, answer="250 2.1.0"):
        self.expect("MAIL FROM:<a@x.test>", answer)

    def recipients(self, count):
        for number in range(count):
            self.expect(f"RCPT TO:<{number}@y.test>", "250 2.1.5")

    def close(self):
        """As the server sees it, too: it has answered QUIT and closed."""
        self.expect("QUIT", "221")
        assert self.file.read() == b""
        self.connection.close()


# Recipients by network: 2 for most, 4 for 127.0.9.0/24.
for source, most in (("127.0.0.1", 2), ("127.0.9.1", 4)):
    client = Client(limited, source)
    client.begin()
    client.recipients(most)
    client.expect("RCPT TO:<more@y.test>", "452 4.5.3")
    client.close()

# Connections of one address: 2, of the network without limit; another address has its own two.
held = [Client(limited, "127.0.0.3") for _ in range(2)]
assert Client(limited, "127.0.0.3").greeting.startswith("421 4.7.0"), "a third connection of one address"
held += [Client(limited, "127.0.0.4") for _ in range(2)] + [Client(limited, "127.0.9.2") for _ in range(4)]
assert all(client.greeting.startswith("220") for client in held)
held.pop(0).close()
for _ in range(200):  # the server notices a little later
    again = Client(limited, "127.0.0.3")
    if again.greeting.startswith("220"):
        break
    time.sleep(0.01)
else:
    raise SystemExit("a place that was left is not given again")
for client in held + [again]:
    client.close()

# Messages of one address, over all its connections: 3 an hour, of the network as many as it likes.
for number in range(3):
    client = Client(limited, "127.0.0.5")
    client.begin()
    client.close()
client = Client(limited, "127.0.0.5")
client.begin("450 4.7.1")
client.close()
for source in ["127.0.0.6"] + ["127.0.9.3"] * 5:
    client = Client(limited, source)
    client.begin()
    client.close()

# Connections in all.
held = [Client(crowded, f"127.0.0.{number}") for number in (7, 8)]
refused = Client(crowded, "127.0.0.9")
assert refused.greeting.startswith("421 4.7.0"), refused.greeting
assert refused.file.read() == b""

# Idle time: 1 s, and 421 before the connection ends; each command begins it anew; without a limit of its own, long.
patient, quiet = Client(plain), Client(limited)
started = time.monotonic()
assert quiet.reply().startswith("421 4.4.2") and quiet.file.read() == b""
assert 0.9 < time.monotonic() - started < 5, time.monotonic() - started
patient.expect("NOOP", "250")
