"""read_reports.py DIRECTORY: the TLS reports among the messages that a sink kept, as email and gzip read them: recipient,
report type, domain, submitter, file name and how many signatures, then what it says, each on a line."""
import email
import email.policy
import gzip
import pathlib
import sys

for file in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    if "TLS-Report-Domain" not in message:
        continue
    recipient = file.with_suffix(".envelope").read_text().splitlines()[1]
    part = message.get_payload(1)
    assert part.get_content_type() == "application/tlsrpt+gzip" and message.get_content_type() == "multipart/report"
    print(recipient, message.get_param("report-type"), message["TLS-Report-Domain"], message["TLS-Report-Submitter"],
          part.get_filename(), len(message.get_all("DKIM-Signature", [])))
    print(gzip.decompress(part.get_payload(decode=True)).decode().strip())
