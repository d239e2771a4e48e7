"""browser.py DIRECTORY ADDRESS [SCRIPT]: looks at a page in headless Chromium, started once.

Opens it as a desktop and as a phone, light and dark, and prints it; writes the pictures and the PDF into DIRECTORY and
what it saw as JSON to standard output. SCRIPT is an expression that is evaluated in the page (desktop, light) before that;
its value is in the JSON, too. The browser finds no other machine: every name but localhost is unknown to it.
"""

import base64
import collections
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

VIEWS = [  # name, width, height, phone, colours
    ("desktop-light", 1280, 900, False, "light"),
    ("desktop-dark", 1280, 900, False, "dark"),
    ("phone-light", 390, 844, True, "light"),
    ("phone-dark", 390, 844, True, "dark"),
]

PROBE = """(() => {
  const root = document.documentElement;
  const wide = [];
  for (const part of document.querySelectorAll("body *")) {
    if (part.closest("svg") || part.closest(".scroll") && !part.matches(".scroll")) continue;
    if (part.closest(".unseen, .skip, pre, script, style")) continue;
    if (part.getBoundingClientRect().right > root.clientWidth + 1) wide.push(part.tagName + "." + part.className);
  }
  const shown = (part) => part.getClientRects().length > 0;
  let smallest = 1e9;
  for (const text of document.querySelectorAll("svg text")) {
    if (!shown(text)) continue;
    const box = text.ownerSVGElement;
    const scale = box.getBoundingClientRect().width / box.viewBox.baseVal.width;
    smallest = Math.min(smallest, parseFloat(getComputedStyle(text).fontSize) * scale);
  }
  const cut = [];
  for (const text of document.querySelectorAll("svg[viewBox] text")) {
    if (!shown(text)) continue;
    const [a, b] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
    if (a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 1) cut.push(text.textContent);
  }
  return {
    width: root.scrollWidth, room: root.clientWidth, height: root.scrollHeight, wide: wide.slice(0, 5),
    title: document.title, sections: Array.from(document.querySelectorAll("section[id]"), (part) => part.id),
    charts: Array.from(document.querySelectorAll("svg[role=img]")).filter(shown).length,
    smallest_chart_text_px: smallest, cut: cut.slice(0, 5), background: getComputedStyle(document.body).backgroundColor,
    colour: getComputedStyle(document.body).color, buttons: document.querySelectorAll("th button").length,
    unnamed: Array.from(document.querySelectorAll("svg[role=img]")).filter((part) => !part.querySelector("title, desc")).length,
  };
})()"""


class Browser:
    """Speaks the DevTools protocol over a pipe: messages end with a zero octet."""

    def __init__(self, executable, profile):
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()

        def prepare():
            os.dup2(to_browser, 100)
            os.dup2(from_browser, 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        arguments = [
            executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--remote-debugging-pipe", "--user-data-dir=" + profile, "--hide-scrollbars", "--disable-extensions",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            "--force-color-profile=srgb", "about:blank",
        ]
        self.process = subprocess.Popen(
            arguments, preexec_fn=prepare, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "HOME": profile})
        os.close(to_browser)
        os.close(from_browser)
        self.rest, self.number, self.events = b"", 0, []

    def read(self, deadline):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.input], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser says nothing")
            data = os.read(self.input, 1 << 20)
            if not data:
                raise EOFError("the browser is gone")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, seconds=60, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.output, data):]
        deadline = time.monotonic() + seconds
        while True:
            answer = self.read(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            for index, event in enumerate(self.events):
                if event.get("method") == method:
                    return self.events.pop(index)
            self.events.append(self.read(deadline))

    def close(self):
        try:
            self.call("Browser.close", seconds=10)
        except (OSError, EOFError, TimeoutError, RuntimeError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()


def pixels(picture):
    """Rows of a PNG of 8 bits a channel without interlacing, as lists of octets, and the octets of a pixel."""
    place, data, header = 8, b"", None
    while place < len(picture):
        length, kind = struct.unpack(">I4s", picture[place:place + 8])
        part = picture[place + 8:place + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", part)
        elif kind == b"IDAT":
            data += part
        place += 12 + length
    width, height, _, colour = header[:4]
    size = {2: 3, 6: 4}[colour]
    raw, before, rows = zlib.decompress(data), bytearray(width * size), []
    for row in range(height):
        begin = row * (width * size + 1)
        kind, line = raw[begin], bytearray(raw[begin + 1:begin + 1 + width * size])
        for index in range(len(line)):
            left = line[index - size] if index >= size else 0
            up = before[index]
            corner = before[index - size] if index >= size else 0
            if kind == 1:
                line[index] = (line[index] + left) & 255
            elif kind == 2:
                line[index] = (line[index] + up) & 255
            elif kind == 3:
                line[index] = (line[index] + (left + up) // 2) & 255
            elif kind == 4:
                guess = left + up - corner
                far = (abs(guess - left), abs(guess - up), abs(guess - corner))
                near = left if far[0] <= far[1] and far[0] <= far[2] else up if far[1] <= far[2] else corner
                line[index] = (line[index] + near) & 255
        rows.append(bytes(line))
        before = line
    return rows, size


def impression(picture):
    rows, size = pixels(picture)
    counts = collections.Counter(row[i:i + size] for row in rows for i in range(0, len(row), size))
    return {"colours": len(counts), "commonest_share": counts.most_common(1)[0][1] / sum(counts.values())}


def look(browser, session, view, address, directory):
    name, width, height, phone, colours = view
    browser.call(
        "Emulation.setDeviceMetricsOverride", session, width=width, height=height, deviceScaleFactor=2 if phone else 1,
        mobile=phone)
    browser.call(
        "Emulation.setEmulatedMedia", session, features=[{"name": "prefers-color-scheme", "value": colours}])
    browser.events = [event for event in browser.events if event.get("method") != "Page.loadEventFired"]
    browser.call("Page.navigate", session, url=address)
    browser.wait("Page.loadEventFired")
    seen = browser.call("Runtime.evaluate", session, expression=PROBE, returnByValue=True)["result"]["value"]
    small = browser.call(
        "Page.captureScreenshot", session, format="png",
        clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 0.25 if phone else 0.4})
    seen.update(impression(base64.b64decode(small["data"])))
    whole = browser.call(
        "Page.captureScreenshot", session, format="png", captureBeyondViewport=True,
        clip={"x": 0, "y": 0, "width": width, "height": min(seen["height"], 16000), "scale": 1 if not phone else 0.75})
    with open(os.path.join(directory, name + ".png"), "wb") as file:
        file.write(base64.b64decode(whole["data"]))
    return seen


def main():
    directory, address = sys.argv[1:3]
    executable = shutil.which("chromium") or sys.exit("chromium is not installed; 'make setup' installs it")
    profile = tempfile.mkdtemp(prefix="millrace-browser-")
    browser = Browser(executable, profile)
    try:
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            browser.call(domain + ".enable", session)
        found = {"views": {view[0]: look(browser, session, view, address, directory) for view in VIEWS}}
        browser.call("Emulation.clearDeviceMetricsOverride", session)
        printed = browser.call("Page.printToPDF", session, printBackground=False, paperWidth=8.27, paperHeight=11.69)
        data = base64.b64decode(printed["data"])
        with open(os.path.join(directory, "print.pdf"), "wb") as file:
            file.write(data)
        found["pdf_pages"] = data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") + data.count(b"/Type /Page/")
        if len(sys.argv) > 3:
            browser.call("Emulation.setEmulatedMedia", session, features=[])
            result = browser.call(
                "Runtime.evaluate", session, expression=sys.argv[3], returnByValue=True, awaitPromise=True)
            found["value"] = result["result"].get("value")
            found["exception"] = result.get("exceptionDetails", {}).get("text")
        events = browser.events
        found["requests"] = sorted(
            {event["params"]["request"]["url"] for event in events if event.get("method") == "Network.requestWillBeSent"})
        found["complaints"] = [
            json.dumps(event["params"]) for event in events
            if event.get("method") == "Runtime.exceptionThrown" or event.get("method") == "Log.entryAdded"
            or event.get("method") == "Runtime.consoleAPICalled"
        ]
        print(json.dumps(found))
    finally:
        browser.close()
        shutil.rmtree(profile, ignore_errors=True)


main()
