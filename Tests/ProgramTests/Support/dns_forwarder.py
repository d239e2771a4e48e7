"""dns_forwarder.py PORT: asks the name server at 127.0.0.1:PORT what it is asked and says that it recurses (RFC 1035
§4.1.1: RA), as resolvers do. First line on stdout: listening 127.0.0.1:PORT."""
import socket
import sys

questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
questions.bind(("127.0.0.1", 0))
print("listening 127.0.0.1:%d" % questions.getsockname()[1], flush=True)
while True:
    question, client = questions.recvfrom(65535)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(2)
        server.connect(("127.0.0.1", int(sys.argv[1])))
        server.send(question)
        answer = bytearray(server.recv(65535))
    answer[2] &= 0xFB  # not authoritative itself
    answer[3] |= 0x80
    questions.sendto(answer, client)
