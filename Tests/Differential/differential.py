#!/usr/bin/env python3
"""Seeded random queries over random data: Tram beside DuckDB, which have to give the same rows.

    sh Tests/Differential/prepare.sh .build/differential
    .build/differential/venv/bin/python Tests/Differential/differential.py --tram .build/release/tram \
        --cases 2000 --seed 1

The last line says how many cases were compared. A case that differs is printed whole: both texts, both answers, and
the arguments that try it again alone. Exit 1 when there was one.
"""

import argparse
import http.client
import json
import math
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True

import duckdb  # noqa: E402

from data import Data  # noqa: E402
from queries import query  # noqa: E402

CASES_PER_DATA = 125
#: Relative; what is not exact differs by the order of additions at most.
TOLERANCE = 1e-9
CONFIGURATION = "limits: { seal_log: 96KiB, seal_after: 1s, ahead: off }\n"


class Server:
    def __init__(self, program, folder):
        config = folder / "tram.yaml"
        config.write_text(CONFIGURATION)
        self.talk = open(folder / "talk", "wb")
        self.process = subprocess.Popen(
            [program, "serve", "--data", str(folder / "data"), "--listen", "127.0.0.1:0", "--config", str(config)],
            stdout=subprocess.PIPE, stderr=self.talk, stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on http://"):
            raise SystemExit(f"the server is not ready: {line} {(folder / 'talk').read_text()}")
        self.connection = http.client.HTTPConnection(line.split("//")[1].strip(), timeout=60)

    def ask(self, method, path, body=None, **parameters):
        target = path + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
        self.connection.request(method, target, body)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def write(self, database, lines):
        status, text = self.ask("POST", "/write", "\n".join(lines).encode(), db=database, precision="ns")
        if status != 204:
            raise SystemExit(f"writing: {status} {text}")

    def metric(self, name, database):
        _, page = self.ask("GET", "/metrics")
        for line in page.splitlines():
            if line.startswith(name) and f'"{database}"' in line:
                return float(line.split()[-1])
        return 0

    def stop(self):
        self.connection.close()
        self.process.terminate()
        status = self.process.wait(30)
        self.talk.close()
        return status


def feed(server, database, data):
    """Writes the rows in three parts: the first is sealed before the second comes, the last stays in memory."""
    lines = list(data.lines())
    first, second = len(lines) // 2, len(lines) * 9 // 10
    server.write(database, lines[:first])
    end = time.monotonic() + 10
    while server.metric("tram_segments", database) == 0 and time.monotonic() < end:
        time.sleep(0.05)
    server.write(database, lines[first:second])
    server.write(database, lines[second:])
    count = int(server.ask("GET", "/api/tram/count", db=database)[1])
    if count != len(data.rows):
        raise SystemExit(f"{count} points are there, {len(data.rows)} were written")
    return server.metric("tram_segments", database) > 0, server.metric("tram_memory_rows_bytes", database) > 0


UNITS = {"d": 86_400 * 10**9, "h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}


def nanoseconds(text):
    """A length of time as answers have it, such as `1h30m`."""
    if text is None:
        return None
    length = sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+)([a-z]+)", text))
    return -length if text.startswith("-") else length


def scale(rows, place):
    """What a column's last bits are measured by: sums of large numbers may come near 0."""
    return max((abs(row[place]) for row in rows if row[place] is not None), default=0)


def equal(have, want, exact, least=TOLERANCE):
    if isinstance(have, bool) or isinstance(want, bool):
        return have is want
    # A float without a fraction is written as a whole number.
    if exact or have is None or want is None or isinstance(have, str) or not isinstance(want, float):
        return have == want
    return math.isclose(have, want, rel_tol=TOLERANCE, abs_tol=least)


def difference(case, answer, rows):
    """What is not the same, or None."""
    names = [column["name"] for column in answer["columns"]]
    if names != case.names:
        return f"columns {names}, expected {case.names}"
    have = answer["rows"]
    for place, column in enumerate(answer["columns"]):
        if column["type"] == "duration":
            for row in have:
                row[place] = nanoseconds(row[place])
    least = [max(TOLERANCE, scale(rows, place) * 1e-11) if loose else TOLERANCE for place, loose in enumerate(case.loose)]
    if len(have) != len(rows):
        return f"{len(have)} rows, expected {len(rows)}"
    for number, (one, other) in enumerate(zip(have, rows)):
        for name, exact, smallest, left, right in zip(names, case.exact, least, one, other):
            if not equal(left, right, exact, smallest):
                return f"row {number}, {name}: {left!r}, expected {right!r}"
    return None


def shown(rows):
    lines = [str(tuple(row)) for row in rows[:40]]
    return "\n".join("    " + line for line in lines) + (f"\n    … {len(rows)} rows" if len(rows) > 40 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tram", required=True, help="the program")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="only the case of this number")
    parser.add_argument("--most", type=int, default=5, help="how many failures are printed before giving up")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.cases} cases, duckdb {duckdb.__version__}", flush=True)

    failures, compared, empty, refused = 0, 0, 0, {}
    sealed = remembered = 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tram-differential-") as name:
        folder = Path(name)
        server = Server(options.tram, folder)
        try:
            for number in range(options.cases):
                place, rest = divmod(number, CASES_PER_DATA)
                if options.only is not None and place != options.only // CASES_PER_DATA:
                    continue
                if rest == 0:
                    data = Data(random.Random(f"{options.seed} data {place}"))
                    tables = duckdb.connect()
                    tables.execute("SET threads TO 1")
                    data.load(tables, folder)
                    database = f"d{place}"
                    from_segments, from_memory = feed(server, database, data)
                    sealed += from_segments
                    remembered += from_memory
                if options.only is not None and number != options.only:
                    continue
                case = query(random.Random(f"{options.seed} query {number}"), data)
                status, text = server.ask(
                    "POST", "/api/tram/query", db=database, q=case.tql, tz=case.zone, epoch="ns")
                try:
                    rows = tables.execute(case.sql).fetchall()
                except duckdb.Error as error:
                    rows, text, status = [], f"{text[:300]}\nDuckDB: {error}", 0
                if status == 200:
                    reason = difference(case, json.loads(text), rows)
                    compared += 1
                    empty += not rows
                else:
                    reason = text
                if reason is None and options.only is None:
                    continue
                failures += reason is not None
                print(f"--- case {number} of seed {options.seed}: {reason}")
                print(f"    --seed {options.seed} --only {number} --cases {number + 1}")
                print(f"{case.tql}\n    zone {case.zone}\n{case.sql}")
                print("  Tram:\n" + (shown(json.loads(text)["rows"]) if status == 200 else ""))
                print("  DuckDB:\n" + shown(rows), flush=True)
                if failures >= options.most:
                    break
        finally:
            status = server.stop()
    if status != 0:
        print(f"the server ended with {status}")
        failures += 1
    print(
        f"compared {compared} cases ({empty} without rows) in {time.monotonic() - begun:.0f} s,"
        f" {sealed} sets of rows with segments, {remembered} with rows in memory, {failures} differ", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
