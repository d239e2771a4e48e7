"""The two comparisons, one run at a time; each returns figures and leaves nothing running."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from .postfix import Postfix
from .processes import RunFailed, wait_until
from .programs import RelayMTA, SinkMTA, SMTPSink, SMTPSource, TrafficGen

# Nothing here takes so long unless it is stuck.
PATIENCE_SECONDS = 300
STALL_SECONDS = 60
WARM_UP_MESSAGES = 200


class Bench:
    """Where the programs are, where they may write, and how Postfix is to be tuned."""

    def __init__(self, binaries, work_directory, postfix_overrides, threads, spool):
        self.binaries = Path(binaries)
        self.work_directory = Path(work_directory)
        self.postfix_overrides = postfix_overrides
        self.threads = threads
        self.spool = spool

    @contextlib.contextmanager
    def directory(self):
        """An empty directory on the disk under test; what the run before has written is on the disk by then."""
        path = Path(tempfile.mkdtemp(prefix="peers-", dir=self.work_directory))
        path.chmod(0o755)
        os.sync()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def generator_and_sink_ours(self, count, size):
        with self.directory() as directory, stopping(SinkMTA(self.binaries, directory)) as sink:
            generator = TrafficGen(self.binaries, directory, sink.port, count, size)
            with stopping(generator):
                generator.wait(PATIENCE_SECONDS).expect_success()
            sink.stop().expect_success()
            record = sink.record()
            if record["received_bytes"] < count * size:
                raise RunFailed(f"the sink received only {record['received_bytes']} bytes of {count} x {size}")
            return transfer_figures(count, generator, sink, received=record["received"])

    def generator_and_sink_peer(self, count, size):
        with self.directory() as directory, stopping(SMTPSink(directory)) as sink:
            generator = SMTPSource(directory, sink.port, count, size)
            with stopping(generator):
                generator.wait(PATIENCE_SECONDS).expect_success()
            # smtp-source ends with 0 only after each message was answered 250.
            return transfer_figures(count, generator, sink.stop(), received=count)

    def relay_ours(self, count, size):
        with self.directory() as directory, stopping(SinkMTA(self.binaries, directory, self.threads)) as sink:
            with stopping(RelayMTA(self.binaries, directory, sink.port, self.threads, self.spool)) as mta:
                started, generator_record = self.warm_and_load(directory, sink, mta.port, count, size, mta.cpu_so_far)
                mta.stop().expect_success()
                record = mta.record()
                if record["queued"] or record["bounced"]:
                    raise RunFailed(f"mta: {record['queued']} queued and {record['bounced']} bounced at the end")
                cpu = mta.cpu_seconds - started
            sink.stop().expect_success()
            return relay_figures(count, generator_record, sink.record(), cpu)

    def relay_peer(self, count, size):
        with self.directory() as directory, stopping(SinkMTA(self.binaries, directory, self.threads)) as sink:
            with stopping(Postfix(directory / "postfix", sink.port, self.postfix_overrides)) as postfix:
                postfix.start()
                started, generator_record = self.warm_and_load(
                    directory, sink, postfix.port, count, size, postfix.cpu_seconds)
                wait_until(lambda: postfix.queued() == 0, STALL_SECONDS, "Postfix's queue to be empty")
                cpu = postfix.cpu_seconds() - started
            sink.stop().expect_success()
            return relay_figures(count, generator_record, sink.record(), cpu)

    def warm_and_load(self, directory, sink, port, count, size, cpu):
        """Sends the load after a warm-up; returns the relay's CPU seconds before it and the generator's record."""
        sent = 0
        for messages in (WARM_UP_MESSAGES, count):
            started = cpu()
            with stopping(TrafficGen(self.binaries, directory, port, messages, size)) as generator:
                generator.wait(PATIENCE_SECONDS).expect_success()
            sent += messages
            sink.wait_for(sent, STALL_SECONDS)
        return started, generator.record()


@contextlib.contextmanager
def stopping(program):
    """Stops it whatever happens."""
    try:
        yield program
    finally:
        program.stop()


def transfer_figures(count, generator, sink, received):
    if received != count:
        raise RunFailed(f"{sink.name} received {received} of {count}")
    return {
        "count": count,
        "rate": count / generator.elapsed_seconds,
        "generator_cpu_us": generator.cpu_seconds / count * 1e6,
        "sink_cpu_us": sink.cpu_seconds / count * 1e6,
    }


def relay_figures(count, generator, sink, cpu_seconds):
    """End to end: from the first MAIL of the generator to the last message at the sink, by the programs' clocks."""
    if sink["received"] != count + WARM_UP_MESSAGES:
        raise RunFailed(f"the sink received {sink['received']} of {count + WARM_UP_MESSAGES}")
    return {
        "count": count,
        "rate": count / (sink["last_received_unix_s"] - generator["first_offered_unix_s"]),
        "accept_rate": count / generator["elapsed_s"],
        "mta_cpu_us": cpu_seconds / count * 1e6,
    }
