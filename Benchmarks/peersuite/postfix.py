"""A private Postfix: own configuration, queue and data directory, one loopback port, nothing of the system's touched."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from .processes import RunFailed, accepts_connections, children_of, free_port, process_cpu_seconds

MASTER_CF = """\
{port}      inet  n       -       n       -       -       smtpd
cleanup     unix  n       -       n       -       0       cleanup
qmgr        unix  n       -       n       300     1       qmgr
tlsmgr      unix  -       -       n       1000?   1       tlsmgr
rewrite     unix  -       -       n       -       -       trivial-rewrite
bounce      unix  -       -       n       -       0       bounce
defer       unix  -       -       n       -       0       bounce
trace       unix  -       -       n       -       0       bounce
verify      unix  -       -       n       -       1       verify
flush       unix  n       -       n       1000?   0       flush
proxymap    unix  -       -       n       -       -       proxymap
smtp        unix  -       -       n       -       -       smtp
relay       unix  -       -       n       -       -       smtp
error       unix  -       -       n       -       -       error
retry       unix  -       -       n       -       -       error
discard     unix  -       -       n       -       -       discard
local       unix  -       n       n       -       -       local
anvil       unix  -       -       n       -       1       anvil
scache      unix  -       -       n       -       1       scache
postlog     unix-dgram n  -       n       -       1       postlogd
"""

# What a relay without local mailboxes, DNS, TLS and content filters needs.
RELAY = {
    "compatibility_level": "3.6",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "myhostname": "postfix.test",
    "mydomain": "test",
    "mynetworks": "127.0.0.0/8",
    "mydestination": "",
    "local_recipient_maps": "",
    "local_transport": "error:no local mail",
    "alias_maps": "",
    "alias_database": "",
    "smtp_host_lookup": "native",
    "disable_dns_lookups": "yes",
    "smtp_tls_security_level": "none",
    "smtpd_tls_security_level": "none",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "smtpd_recipient_restrictions": "",
    "message_size_limit": "104857600",
    "biff": "no",
}

# Tuning for throughput, end to end, on two cores that generator, relay and sink share; the queue is fsynced as
# Postfix does by default. What was tried, in messages a second (100 KB / 1 KB; medians of one session, ±20 %):
# - 20 deliveries at once: 690 / 750; 100: 370 / 500; 10: 470 / 720; 8 and 40 lie between.
# - in_flow_delay 1s, the default, holds the input back: 500 / 530 after 690 / 750.
# - a daemon that serves on instead of ending after 100 uses saves the forks: within the noise.
# - no MIME parsing and no address mapping, other queue hashing, a smaller active queue, no log: within the noise.
TUNED = {
    "default_process_limit": "250",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_client_connection_rate_limit": "0",
    "smtpd_client_message_rate_limit": "0",
    "smtpd_client_recipient_rate_limit": "0",
    "smtpd_peername_lookup": "no",
    "in_flow_delay": "0",
    "max_use": "100000",
    "default_destination_concurrency_limit": "20",
    "initial_destination_concurrency": "20",
    "smtp_connection_cache_on_demand": "yes",
    "smtp_connection_cache_destinations": "[127.0.0.1]",
}


class Postfix:
    """A running instance that relays everything to one port. Needs root: Postfix changes to its own user."""

    def __init__(self, directory, relay_port, overrides=None):
        if os.geteuid() != 0:
            raise RunFailed("Postfix has to be started as root")
        self.directory = Path(directory)
        self.configuration = self.directory / "etc"
        self.log = self.directory / "mail.log"
        self.port = free_port()
        settings = RELAY | TUNED | {
            "relayhost": f"[127.0.0.1]:{relay_port}",
            "queue_directory": self.directory / "queue",
            "data_directory": self.directory / "data",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.directory,
        } | (overrides or {})
        self._write(settings)
        self.master_pid = None

    def _write(self, settings):
        for name in ("etc", "queue", "data"):
            (self.directory / name).mkdir(parents=True)
        # Postfix's own user has to reach the queue.
        self.directory.chmod(0o755)
        shutil.chown(self.directory / "data", "postfix", "postfix")
        (self.configuration / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        (self.configuration / "master.cf").write_text(MASTER_CF.format(port=f"127.0.0.1:{self.port}"))

    def start(self):
        self._command("start", check=True)
        deadline = time.monotonic() + 20
        while not accepts_connections(self.port):
            if time.monotonic() > deadline:
                raise RunFailed(f"Postfix does not listen: {self._log_tail()}")
            time.sleep(0.05)
        self.master_pid = int((self.directory / "queue/pid/master.pid").read_text())
        return self

    def cpu_seconds(self):
        """Of the whole instance: the master, its living daemons and those that it has waited for."""
        total = process_cpu_seconds(self.master_pid, with_children=True)
        for pid in children_of(self.master_pid):
            try:
                total += process_cpu_seconds(pid, with_children=True)
            except FileNotFoundError:
                pass  # ended between the two reads; the master has its seconds now
        return total

    def queued(self):
        """Messages that are still in the queue, wherever."""
        return sum(
            len(files)
            for name in ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")
            for _, _, files in os.walk(self.directory / "queue" / name))

    def stop(self):
        """Stops the instance, gently first; harmless when it does not run."""
        self._command("stop")
        if self.master_pid and Path(f"/proc/{self.master_pid}").exists():
            self._command("abort")

    def _command(self, verb, check=False):
        result = subprocess.run(
            ["postfix", "-c", str(self.configuration), verb], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        if check and result.returncode != 0:
            raise RunFailed(f"postfix {verb} ended with {result.returncode}: {result.stdout.strip()} {self._log_tail()}")

    def _log_tail(self):
        return " | ".join(self.log.read_text().splitlines()[-5:]) if self.log.exists() else "no log"
