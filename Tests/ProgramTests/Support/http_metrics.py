"""http_metrics.py PORT DASHBOARD: /metrics as Prometheus' own parser reads it, and the expressions of the dashboard as a
parser of its query language does."""
import gzip
import json
import math
import sys
import urllib.request

import promql_parser
from prometheus_client.parser import text_string_to_metric_families

with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics") as answer:
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4"), answer.headers
    text = answer.read().decode()
# Scrapers accept gzip, and get the same families.
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/metrics", headers={"Accept-Encoding": "gzip"})
with urllib.request.urlopen(request) as answer:
    assert answer.headers["content-encoding"] == "gzip", answer.headers
    packed = answer.read()
assert len(packed) == int(answer.headers["content-length"]) < len(text) / 3, (len(packed), len(text))
assert gzip.decompress(packed).decode().count("# TYPE ") == text.count("# TYPE ")
with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics.json") as answer:
    named = json.load(answer)
assert len(named) == text.count("# TYPE "), named.keys()
assert named["millrace_recipients_total"]["value"]["outcome"]["delivered"] > 0, named
families = list(text_string_to_metric_families(text))
assert len(families) == text.count("# TYPE ") == text.count("# HELP ") > 15, text
seen = set()


def find(name):
    return next(family for family in families if family.name == name)


for family in families:
    assert family.type in ("counter", "gauge", "histogram") and family.documentation and family.samples, family
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in seen and not math.isnan(sample.value), sample
        seen.add(key)
        assert family.type == "gauge" or sample.value >= 0, sample
    names = {sample.name for sample in family.samples}
    if family.type == "counter":
        assert names == {family.name + "_total"}, family
    if family.type == "histogram":
        assert names == {family.name + end for end in ("_bucket", "_sum", "_count")}, family
        buckets = [(float(s.labels["le"]), s.value) for s in family.samples if s.name.endswith("_bucket")]
        assert buckets == sorted(buckets) and len(dict(buckets)) == len(buckets) > 5, buckets
        assert [count for _, count in buckets] == sorted(count for _, count in buckets), buckets
        count = next(s.value for s in family.samples if s.name.endswith("_count"))
        total = next(s.value for s in family.samples if s.name.endswith("_sum"))
        assert buckets[-1] == (math.inf, count) and (total > 0) == (count > 0), (buckets, count, total)
recipients = {s.labels["outcome"]: s.value for s in find("millrace_recipients").samples}
assert recipients["accepted"] == recipients["delivered"] > 0, recipients
assert next(s.value for s in find("millrace_delivery_duration_seconds").samples if s.name.endswith("_count")) > 0

with open(sys.argv[2]) as file:
    targets = [target for panel in json.load(file)["panels"] for target in panel["targets"]]
assert len(targets) > 10
for target in targets:
    # The dashboard's own word for a span of time.
    promql_parser.parse(target["expr"].replace("$__rate_interval", "5m"))
