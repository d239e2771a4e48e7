"""Starting and stopping programs, and what they cost by the kernel's account."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class RunFailed(Exception):
    """A run that gives no figure; the text says which program and why."""


def free_port():
    """A loopback port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def accepts_connections(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RunFailed(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)
    return value


def process_cpu_seconds(pid, with_children):
    """User and system seconds of a process; with the children that it has already waited for, if asked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, waited_for = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return (own + (waited_for if with_children else 0)) / TICKS_PER_SECOND


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Program:
    """A child process whose CPU seconds are known after it ended (wait4)."""

    def __init__(self, command, log):
        self.name = Path(command[0]).name
        self.log = Path(log)
        self.started = time.time()
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.cpu_seconds = self.elapsed_seconds = self.exit_code = None

    def wait(self, seconds):
        """Waits for the end; kills it and raises when it takes longer."""
        deadline = time.monotonic() + seconds
        while not self._reap(os.WNOHANG):
            if time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise RunFailed(f"{self.name} did not end within {seconds} s; {self.tail()}")
            time.sleep(0.002)
        return self

    def expect_success(self):
        if self.exit_code != 0:
            raise RunFailed(f"{self.name} ended with {self.exit_code}: {self.tail()}")
        return self

    def stop(self, signal_number=signal.SIGTERM, seconds=30):
        """Ends it if it still runs; harmless when called twice."""
        if self.exit_code is None:
            self.process.send_signal(signal_number)
            self.wait(seconds)
        return self

    def running(self):
        return not self._reap(os.WNOHANG)

    def tail(self):
        text = self.log.read_text(errors="replace").replace("\r", "\n").strip()
        return " | ".join(text.splitlines()[-5:]) or "it printed nothing"

    def _reap(self, options):
        if self.exit_code is not None:
            return True
        pid, status, usage = os.wait4(self.process.pid, options)
        if pid == 0:
            return False
        self.elapsed_seconds = time.time() - self.started
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.exit_code = self.process.returncode = os.waitstatus_to_exitcode(status)
        return True

    def cpu_so_far(self):
        """CPU seconds of the process while it runs."""
        return process_cpu_seconds(self.process.pid, with_children=False)
