"""parse_notification.py FILE: what Python's email package makes of a delivery status notification, as JSON."""
import email
import email.policy
import json
import sys

message = email.message_from_bytes(open(sys.argv[1], "rb").read(), policy=email.policy.SMTPUTF8)
parts = list(message.iter_parts())
faults = [str(fault) for part in message.walk() for fault in part.defects]
for part in [message] + parts:
    raw = part.as_bytes()
    if any(octet > 127 for octet in raw) and part["Content-Transfer-Encoding"] != "8bit":
        faults.append(f"8-bit without saying so: {part.get_content_type()}")


def text(part):
    """Below the part's own header, as it is."""
    return part.as_bytes().split(b"\r\n\r\n", 1)[1].decode()


def fields(block):
    return dict(email.message_from_bytes(block.encode(), policy=email.policy.SMTPUTF8).items())


blocks = [block for block in text(parts[1]).split("\r\n\r\n") if block.strip()]
print(json.dumps({
    "types": [message.get_content_type()] + [part.get_content_type() for part in parts],
    "report": message.get_param("report-type"), "to": message["To"], "faults": faults,
    "fields": [fields(block) for block in blocks], "explanation": parts[0].get_content(), "original": text(parts[2]),
}))
