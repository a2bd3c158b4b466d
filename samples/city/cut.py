#!/usr/bin/env python3
"""Cuts the feeds of this sample out of the full ones.

usage: cut.py FOLDER      FOLDER holds traffic.lp.zst, air.lp.zst, power.lp.zst and flood.lp.zst

Lines are kept as they are and in their order; only whole lines are left out. Needs the zstd command.
"""
import csv
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SECOND = 10**9
DAY = 86400 * SECOND


def tag(line, name):
    key = line.split(b" ", 1)[0]
    return next(part[len(name) + 1:] for part in key.split(b",")[1:] if part.startswith(name + b"="))


def time(line):
    return int(line.rsplit(b" ", 1)[1])


def traffic():
    """The sensors of traffic-sensors.csv, three days from midnight of 1 March 2012 in Los Angeles."""
    with open(HERE / "traffic-sensors.csv", newline="") as table:
        sensors = {row["sensor"].encode() for row in csv.DictReader(table)}
    start = 1330588800 * SECOND
    return lambda line: tag(line, b"sensor") in sensors and start <= time(line) < start + 3 * DAY


def air():
    """Three stations, January 2014 in Beijing."""
    stations = {b"Aotizhongxin", b"Dongsi", b"Huairou"}
    start = 1388505600 * SECOND
    return lambda line: tag(line, b"station") in stations and start <= time(line) < start + 31 * DAY


def everything():
    return lambda line: True


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, wanted in {"traffic": traffic, "air": air, "power": everything, "flood": everything}.items():
        source = pathlib.Path(sys.argv[1]) / f"{name}.lp.zst"
        full = subprocess.run(["zstd", "-dc", source], check=True, stdout=subprocess.PIPE).stdout
        keep = wanted()
        lines = [line for line in full.splitlines() if keep(line)]
        target = HERE / f"{name}.lp.zst"
        subprocess.run(
            ["zstd", "-19", "--quiet", "--force", "-o", target],
            check=True, input=b"".join(line + b"\n" for line in lines))
        print(f"{target.name}: {len(lines)} lines, {target.stat().st_size} bytes")


main()
