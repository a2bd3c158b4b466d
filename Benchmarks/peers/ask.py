#!/usr/bin/env python3
"""Asks a running server the twelve questions of queries.json over the readings that peers.sh has made, and times them.

    python3 Benchmarks/peers/ask.py --target http://127.0.0.1:8086 --db t --data WORK/data/M [--cache on]

Each question is asked six times over one connection; the first answer and the median of the others are shown in
milliseconds, measured here with the whole answer read. Windows are computed anew each time unless --cache on.
"""
import argparse
import datetime
import http.client
import json
import os
import statistics
import time
import urllib.parse

HOUR_MS = 3_600_000
HERE = os.path.dirname(os.path.abspath(__file__))


def instant(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def names(start, end):
    """What stands for the words in braces of the questions."""
    half = start + HOUR_MS // 2
    moments = dict(
        t0=start, t1=end, end=end, end15=end - HOUR_MS // 4, day=min(start + 24 * HOUR_MS, end), h0=half,
        h1=half + HOUR_MS, s0=start, s1=min(start + 2 * HOUR_MS, end))
    words = {name: instant(ms) for name, ms in moments.items()}
    words["one"] = "tr0000007"
    words["tens"] = ", ".join(f'"tr{number:07d}"' for number in range(100, 110))
    return words


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", default="http://127.0.0.1:8086")
    parser.add_argument("--db", default="t")
    parser.add_argument("--data", required=True, help="the folder with manifest.json")
    parser.add_argument("--cache", choices=["on", "off"], default="off")
    options = parser.parse_args()
    with open(os.path.join(options.data, "manifest.json")) as file:
        manifest = json.load(file)
    with open(os.path.join(HERE, "queries.json")) as file:
        queries = json.load(file)
    words = names(manifest["start_ms"], manifest["end_ms"])
    address = urllib.parse.urlparse(options.target)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    print(f"{'question':18} {'first ms':>9} {'then ms':>9} {'rows':>7}")
    for name, text in queries.items():
        form = dict(q=text.format(**words), db=options.db, epoch="ms", cache=options.cache)
        times = []
        for _ in range(6):
            begun = time.monotonic()
            connection.request("GET", "/api/tram/query?" + urllib.parse.urlencode(form))
            answer = connection.getresponse()
            body = answer.read()
            times.append((time.monotonic() - begun) * 1e3)
            if answer.status != 200:
                raise SystemExit(f"{name}: {answer.status} {body.decode()[:300]}")
        rows = len(json.loads(body)["rows"])
        print(f"{name:18} {times[0]:9.2f} {statistics.median(times[1:]):9.2f} {rows:7}")


if __name__ == "__main__":
    main()
