"""tls_checks.py PORT CERTIFICATE KEY PID: what a STARTTLS listener must not do."""
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

port, certificate, key, pid = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])


def opened():
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    reply(connection)
    connection.sendall(b"EHLO client.test\r\n")
    reply(connection)
    return connection


def reply(connection):
    data = b""
    while True:
        part = connection.recv(4096)
        if not part:
            raise SystemExit("closed by the server")
        data += part
        lines = data.split(b"\r\n")
        if data.endswith(b"\r\n") and lines[-2][3:4] == b" ":
            return data


def secured(connection, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context.wrap_socket(connection)


# Commands behind STARTTLS in the same packet are forgotten, and so is what was said before.
clear = opened()
clear.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@y.test>\r\n")
assert reply(clear).startswith(b"220 "), "STARTTLS"
inside = secured(clear)
inside.sendall(b"RCPT TO:<b@y.test>\r\n")
answer = reply(inside)
assert answer.startswith(b"503 "), answer
inside.sendall(b"MAIL FROM:<a@x.test>\r\n")
answer = reply(inside)
assert answer.startswith(b"503 "), answer  # EHLO has to be said again
inside.sendall(b"EHLO client.test\r\n")
answer = reply(inside)
assert b"STARTTLS" not in answer and b"REQUIRETLS" in answer, answer

# TLS 1.2 and 1.3, nothing older.
for version, works in [(ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)]:
    connection = opened()
    connection.sendall(b"STARTTLS\r\n")
    reply(connection)
    try:
        secured(connection, version)
        done = True
    except (ssl.SSLError, OSError):
        done = False
    assert done == works, version

# A new certificate, taken in while `inside` stays connected.


def serial():
    connection = opened()
    connection.sendall(b"STARTTLS\r\n")
    reply(connection)
    return secured(connection).getpeercert(True)


old = serial()
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "30",
     "-subj", "/CN=new.test"], check=True, stderr=subprocess.DEVNULL)
os.kill(pid, signal.SIGHUP)
for _ in range(100):
    if serial() != old:
        break
    time.sleep(0.05)
else:
    raise SystemExit("the new certificate was not taken in")
inside.sendall(b"NOOP\r\n")
assert reply(inside).startswith(b"250 "), "disconnected by a reload"
