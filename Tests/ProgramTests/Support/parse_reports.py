"""parse_reports.py DIRECTORY: reads kept reports with Python's parser (RFC 3464, RFC 5965) and counts them."""

import email
import email.policy
import sys
from pathlib import Path

bounces = complaints = 0
for path in Path(sys.argv[1]).glob("*.eml"):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message.get_content_type() == "multipart/report", message.get_content_type()
    assert not message.defects, message.defects
    text, report, header = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert header.get_content_type() == "text/rfc822-headers"
    assert "X-Millrace-Id:" in header.get_content(), "the message's own header comes back"
    kind = message.get_param("report-type")
    if kind == "delivery-status":
        assert report.get_content_type() == "message/delivery-status"
        whole, recipient = report.get_payload()
        assert whole["Reporting-MTA"] == "dns; sink.test"
        assert recipient["Action"] == "failed" and recipient["Status"] == "5.1.1"
        assert recipient["Diagnostic-Code"] == "smtp; 550 5.1.1 Unknown after all"
        assert recipient["Final-Recipient"].startswith("rfc822; ")
        bounces += 1
    else:
        assert kind == "feedback-report"
        assert report.get_content_type() == "message/feedback-report"
        fields = dict(line.split(": ", 1) for line in str(report).split("\n\n", 1)[1].strip().splitlines())
        assert fields["Feedback-Type"] == "abuse" and fields["Version"] == "1", fields
        assert fields["Source-IP"] == "127.0.0.1" and "Original-Rcpt-To" in fields
        complaints += 1
print("%d bounces, %d complaints" % (bounces, complaints))
