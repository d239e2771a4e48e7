"""sink_browser.py CHROMIUM PORT HTTP_PORT PROFILE: mail that would like to run as a page, seen by a real browser."""

import html.parser
import smtplib
import subprocess
import sys

EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def dom(path):
    """The document as the browser has it once it is loaded and its scripts, if it ran any, are over."""
    return subprocess.run(
        [sys.argv[1], "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + sys.argv[4], "--dump-dom",
         "--virtual-time-budget=2000", "http://127.0.0.1:%s%s" % (sys.argv[3], path)],
        capture_output=True, text=True, timeout=60).stdout


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.title, self.text, self.inside = [], [], "", "", []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "link", "br"):
            self.inside.append(tag)
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag):
        if tag in self.inside:
            self.inside.remove(tag)

    def handle_data(self, data):
        if "title" in self.inside:
            self.title += data
        self.text += data


def read(path):
    reader = Reader()
    reader.feed(dom(path))
    assert "script" not in reader.tags and "img" not in reader.tags, reader.tags
    return reader


with smtplib.SMTP("127.0.0.1", int(sys.argv[2])) as client:
    client.sendmail(
        "a@x.test", ["b@y.test"],
        "Subject: =?utf-8?q?Caf=C3=A9?= %s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>%s</h1>\r\n" % (EVIL, EVIL))

page = read("/")
assert page.title == "Received mail", page.title
assert "Café " + EVIL in page.text and "/message/1" in page.links
page = read("/message/1")
assert page.title == "Message 1", page.title
assert "<h1>" + EVIL in page.text and page.tags.count("h1") == 1
assert "text/html" in page.text and "/message/1/raw" in page.links
raw = dom("/message/1/raw")
assert "owned&#39;" in raw or "='owned'" in raw
assert "<title>owned" not in raw and "<pre" in raw, "the source is shown as text"
print("seen")
