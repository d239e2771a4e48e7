"""http_beside.py PORT: who asks for little does not wait for those who ask for much."""
import http.client
import json
import sys
import threading
import time

port = int(sys.argv[1])


def call(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=50)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def mail(count, text):
    return json.dumps({
        "envelope_sender": "", "recipients": [{"email": f"u{number}@y.test"} for number in range(count)],
        "substitutions": {"l": list(range(300))},
        "content": {"text_body": text, "from": {"email": "a@x.test"}, "subject": "x"}})


loops = "{{ email }}{% for a in l %}{% for b in l %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}"
# Within what a request may cost, and beyond: for one recipient it is not too much, for thirty it is.
large = [(mail(10, loops), 200), (mail(30, loops), 422), (mail(20_000, "Hi {{ email }}" + "x" * 500), 200)]
answers = []


def ask(body, expected):
    status, text = call("POST", "/api/inject/v1", body)
    answers.append((status == expected, status, text[:200]))


threads = [threading.Thread(target=ask, args=one) for one in large]
for thread in threads:
    thread.start()
waits = []
while any(thread.is_alive() for thread in threads):
    begun = time.monotonic()
    assert call("GET", "/api/check-liveness/v1")[0] == 200
    waits.append(time.monotonic() - begun)
    time.sleep(0.005)
assert len(answers) == 3 and all(right for right, _, _ in answers), answers
waits.sort()
print(f"{len(waits)} asked: half within {waits[len(waits) // 2]:.3f} s, all within {waits[-1]:.3f} s")
assert len(waits) > 10, waits
assert waits[len(waits) // 2] < 0.05 and waits[-1] < 0.4, waits[-5:]
