"""sink_page.py PORT HTTP_PORT: sends mail that would like to be a page, and looks at what it is shown as."""

import http.client
import json
import smtplib
import sys

EVIL = '<script>document.title="owned"</script><img src=x onerror=alert(1)>"\'&'


def get(path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=10)
    connection.request(method, path)
    response = connection.getresponse()
    return response, response.read().decode()


with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as client:
    for number in range(4):
        client.sendmail(
            "a@x.test", ["b@y.test"],
            "Subject: %s %d\r\nX-Evil: %s\r\nContent-Type: text/html\r\n\r\n<p>%s</p>\r\n" % (EVIL, number, EVIL, EVIL))

response, page = get("/")
assert response.status == 200 and response.getheader("Content-Type") == "text/html; charset=utf-8"
assert "default-src 'none'" in response.getheader("Content-Security-Policy")
assert "<script" not in page and "<img" not in page, page
assert "&lt;script&gt;document.title=&quot;owned&quot;" in page and "&#39;&amp;" in page
assert 'id="count">4 arrived' in page and page.count('href="/message/') == 3, "the oldest is gone"

response, message = get("/message/4")
assert response.status == 200 and "<script" not in message and "<img" not in message
assert "&lt;p&gt;&lt;script&gt;" in message and "X-Evil" in message

response, raw = get("/message/4/raw")
assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
assert response.getheader("X-Content-Type-Options") == "nosniff"
assert raw.startswith("Subject: <script>") and raw.endswith("</p>\r\n")

response, listed = get("/messages")
listed = json.loads(listed)
assert listed["arrived"] == 4 and [m["number"] for m in listed["messages"]] == [4, 3, 2]
assert listed["messages"][0]["subject"] == EVIL + " 3"
for path in ["/message/1", "/message/x", "/message/99/raw", "/other"]:
    assert get(path)[0].status == 404, path
