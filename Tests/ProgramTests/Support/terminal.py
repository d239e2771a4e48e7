#!/usr/bin/env python3
"""terminal.py PROGRAM ARGUMENT...: runs a program that draws on a terminal of 100 by 30, makes it narrow, presses keys,
and ends with 0 if it drew what it should, line by line within the width, and left the terminal as it was."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
screen, frame = bytearray(), b""


def resize(file, columns, lines):
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def until(file, what, fits):
    """Reads until a whole frame fits."""
    global frame
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([file], [], [], 0.2)[0]:
            try:
                screen.extend(os.read(file, 65536))
            except OSError:
                break
        frames = bytes(screen).split(b"\x1b[H")
        # The last one may be half a frame.
        for one in (part for part in frames[1:] if b"\x1b[J" in part):
            frame = re.sub(rb"\x1b\[[?0-9;]*[A-Za-z]", b"", one.split(b"\x1b[J")[0])
        if frame and fits(frame.decode().split("\r\n")):
            return
    sys.exit(f"waited in vain for {what}; last frame:\n{frame.decode()}")


def widest(lines):
    return max(map(len, lines))


def has(lines, text):
    return any(text in line for line in lines)


process, file = pty.fork()
if process == 0:
    # Not before the terminal has its size.
    time.sleep(0.2)
    os.execv(sys.argv[1], sys.argv[1:])
resize(file, 100, 30)
before = termios.tcgetattr(file)
until(file, "a table", lambda lines: len(lines) == 30 and has(lines, "DESTINATION") and has(lines, "LAST FAIL"))
resize(file, 44, 16)
os.kill(process, signal.SIGWINCH)
until(file, "a narrow one", lambda lines: len(lines) == 16 and widest(lines) <= 44 and has(lines, "DESTINATION"))
os.write(file, b"s")
until(file, "another order", lambda lines: has(lines, "sort (rate)"))
os.write(file, b"fq.test\r")
until(file, "a filter", lambda lines: has(lines, "f filter (q.test)"))
os.write(file, b"q")
end = time.monotonic() + 30
ended = 0
while not ended and time.monotonic() < end:
    if select.select([file], [], [], 0.1)[0]:
        try:
            screen.extend(os.read(file, 65536))
        except OSError:
            pass
    ended, status = os.waitpid(process, os.WNOHANG)
if not ended:
    os.kill(process, signal.SIGKILL)
    sys.exit("it did not end with q")
if status or bytes(screen).count(ENTER) != 1 or bytes(screen).count(LEAVE) != 1:
    sys.exit(f"status {status}, the terminal is not as it was")
print("all is well")
