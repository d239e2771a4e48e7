"""spf_check.py FILE: what pyspf says of each case, as a JSON list of outcomes."""
import ipaddress
import json
import sys

import spf


def lookups(records):
    zone = {}
    for record in records:
        name, kind, value = record.split(" ", 2)
        if kind == "PTR":
            name = ipaddress.ip_address(name).reverse_pointer
        elif kind == "MX":
            preference, host = value.split(" ")
            value = (int(preference), host)
        elif kind == "TXT":
            value = [value.encode()]
        zone.setdefault((name.lower(), kind), []).append(value)

    def lookup(name, kind, strict=True, timeout=20):
        name = name.lower().rstrip(".")
        return [((name, kind), value) for value in zone.get((name, kind), [])]

    return lookup


outcomes = []
for case in json.load(open(sys.argv[1])):
    spf.DNSLookup = lookups(case["records"])
    query = spf.query(i=case["client"], s=case["from"], h=case["helo"])
    outcomes.append(query.check()[0])
json.dump(outcomes, sys.stdout)
