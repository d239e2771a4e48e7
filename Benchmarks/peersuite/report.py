"""Medians, ratios and the table that is printed."""

import os
import platform
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Goal:
    """A ratio of medians, ours to the peer's; a bound below 1 is a ceiling, one above 1 a floor."""

    metric: str
    size: str
    bound: float

    def met_by(self, ratio):
        return ratio >= self.bound if self.bound > 1 else ratio <= self.bound

    def __str__(self):
        return f">= {self.bound:g}" if self.bound > 1 else f"<= 1/{1 / self.bound:g}"


METRICS = {
    "rate": "messages/s",
    "generator_cpu_us": "generator CPU us/message",
    "sink_cpu_us": "sink CPU us/message",
    "accept_rate": "accepted messages/s",
    "mta_cpu_us": "MTA CPU us/message",
}


def summary(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "values": values}


def comparison(title, size, runs, goals):
    """One row a metric from `runs`: {"ours": [figures…], "peer": [figures…]}."""
    rows = []
    for metric in METRICS:
        if metric not in runs["ours"][0]:
            continue
        ours, peer = (summary([run[metric] for run in runs[side]]) for side in ("ours", "peer"))
        ratio = ours["median"] / peer["median"]
        goal = next((goal for goal in goals if (goal.metric, goal.size) == (metric, size)), None)
        rows.append({
            "metric": metric, "ours": ours, "peer": peer, "ratio": ratio,
            "goal": str(goal) if goal else None, "met": goal.met_by(ratio) if goal else None})
    return {
        "title": title, "size": size, "rows": rows,
        "count_ours": runs["ours"][0]["count"], "count_peer": runs["peer"][0]["count"]}


def table(comparisons):
    lines = []
    for entry in comparisons:
        lines += ["", f"{entry['title']}, {entry['size']} ({entry['count_ours']:,} messages ours, "
                      f"{entry['count_peer']:,} theirs, a run)"]
        lines.append(f"  {'median (range)':<26}{'ours':>26}{'peer':>26}{'ratio':>9}  goal")
        for row in entry["rows"]:
            goal = f"{row['goal']} {'met' if row['met'] else 'MISSED'}" if row["goal"] else ""
            lines.append(
                f"  {METRICS[row['metric']]:<26}{spread(row['ours']):>26}{spread(row['peer']):>26}"
                f"{ratio_text(row['ratio']):>9}  {goal}".rstrip())
    return "\n".join(lines)


def spread(figures):
    digits = 0 if figures["median"] >= 100 else 1
    return "{:,.{d}f} ({:,.{d}f}-{:,.{d}f})".format(
        figures["median"], figures["low"], figures["high"], d=digits)


def ratio_text(ratio):
    return f"{ratio:.1f}" if ratio >= 1 else f"1/{1 / ratio:.1f}"


def machine(work_directory):
    """What the figures depend on."""
    processor = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine())
    postfix = subprocess.run(["postconf", "-dh", "mail_version"], capture_output=True, text=True).stdout.strip()
    return {
        "processor": processor, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
        "file_system": file_system(Path(work_directory).resolve()), "postfix": postfix}


def machine_line(facts):
    return (f"{facts['processor']}, {facts['cores']} cores, Linux {facts['kernel']}, "
            f"{facts['file_system']} under the spool and the queue, Postfix {facts['postfix']}")


def file_system(path):
    """Type of the mount that holds `path`: the longest mount point that is a parent of it."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if path.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]
