"""The programs of both sides, started with what they have in common: 100 connections kept open, one thread each."""

import json
import os
import time
from pathlib import Path

from .processes import Program, RunFailed, accepts_connections, free_port, wait_until

CONNECTIONS = 100
SENDER, RECIPIENT = "sender@load.test", "recipient@load.test"


class SinkMTA(Program):
    def __init__(self, binaries, directory, threads=1):
        self.record_path = Path(directory) / "sink.json"
        super().__init__(
            [binaries / "sink-mta", "--listen", "127.0.0.1:0", "--threads", threads, "--record", self.record_path],
            Path(directory) / "sink.log")
        self.port = listening_port(self)

    def received(self):
        """Messages so far, as the sink notes them five times a second."""
        try:
            return json.loads(Path(f"{self.record_path}.live").read_text())["messages"]
        except FileNotFoundError:
            return 0

    def wait_for(self, count, seconds):
        """Waits until `count` arrived; gives up when `seconds` pass without another one."""
        seen, deadline = -1, 0
        while (now := self.received()) < count:
            if now > seen:
                seen, deadline = now, time.monotonic() + seconds
            if not self.running():
                raise RunFailed(f"{self.name} ended early: {self.tail()}")
            if time.monotonic() > deadline:
                raise RunFailed(f"{self.name} received {now} of {count} messages and then none for {seconds} s")
            time.sleep(0.05)

    def record(self):
        return json.loads(self.record_path.read_text())


class RelayMTA(Program):
    def __init__(self, binaries, directory, relay_port, threads, spool, words=()):
        """`words`: further flags."""
        spool_directory = Path(directory) / "spool"
        spool_directory.mkdir()
        self.record_path = Path(directory) / "mta.json"
        super().__init__(
            [binaries / "mta", "serve", "--listen", "127.0.0.1:0", "--smart-host", f"127.0.0.1:{relay_port}",
             "--spool", spool, "--spool-dir", spool_directory, "--durability", "fsync", "--hostname", "mta.test",
             "--threads", threads, "--record", self.record_path, *words],
            Path(directory) / "mta.log")
        self.port = listening_port(self)

    def record(self):
        return json.loads(self.record_path.read_text())


class TrafficGen(Program):
    def __init__(self, binaries, directory, port, count, size):
        self.record_path = Path(directory) / "generator.json"
        super().__init__(
            [binaries / "traffic-gen", "--target", f"127.0.0.1:{port}", "--concurrency", CONNECTIONS,
             "--message-count", count, "--body-size", size, "--threads", 1, "--record", self.record_path, "--quiet"],
            Path(directory) / "generator.log")

    def record(self):
        return json.loads(self.record_path.read_text())


class SMTPSource(Program):
    """`-d` keeps the connections open, as traffic-gen does; without `-c`, which would print a counter a message."""

    def __init__(self, directory, port, count, size):
        super().__init__(
            ["smtp-source", "-d", "-s", CONNECTIONS, "-m", count, "-l", size, "-f", SENDER, "-t", RECIPIENT,
             f"127.0.0.1:{port}"],
            Path(directory) / "smtp-source.log")


class SMTPSink(Program):
    """smtp-sink refuses to stay root, so it is told another user. Its exit code tells nothing: signals end it."""

    def __init__(self, directory):
        self.port = free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        super().__init__(["smtp-sink", *user, f"127.0.0.1:{self.port}", "1000"], Path(directory) / "smtp-sink.log")
        wait_until(lambda: accepts_connections(self.port), 10, "smtp-sink")


def listening_port(program):
    """Reads the port from `listening HOST:PORT`, the first line of our servers."""

    def announced():
        if not program.running():
            raise RunFailed(f"{program.name} ended at its start: {program.tail()}")
        lines = [line for line in program.log.read_text().splitlines() if line.startswith("listening ")]
        return int(lines[0].rpartition(":")[2]) if lines and lines[0][-1].isdigit() else None

    return wait_until(announced, 30, f"{program.name} to listen")
