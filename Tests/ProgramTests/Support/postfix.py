"""postfix.py DIRECTORY RELAY_PORT KEY=VALUE…: a private Postfix on a free port, until SIGTERM or its parent's end."""
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "Benchmarks"))
from peersuite.postfix import Postfix  # noqa: E402

signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the test runner's threads block nearly everything
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: sys.exit(0))
parent = os.getppid()
settings = dict(word.split("=", 1) for word in sys.argv[3:])
postfix = Postfix(sys.argv[1], int(sys.argv[2]), settings)
try:
    postfix.start()
    print("listening 127.0.0.1:%d" % postfix.port, flush=True)
    while os.getppid() == parent:
        time.sleep(0.5)
finally:
    postfix.stop()
