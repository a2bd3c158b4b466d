#!/usr/bin/env python3
"""One sitting: every server takes the same bodies in every mode, in turn, several times. Called by ../peers.sh.

The table and all that belongs to it goes to standard output, talk to standard error, all figures to a JSON file in the
work folder. Exit status: 0 when every run of every server took and shows every row, 1 when one did not, 2 wrong usage.
"""
import argparse
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import report
from servers import PATIENCE_S, SERVERS, Trouble

STANDSTILL_S = 15


def say(text):
    print(text, file=sys.stderr, flush=True)


def load(work, server, mode, manifest):
    """Sends every body and returns what the client measured."""
    is_gzip = mode.endswith("z")
    bodies = sorted(glob.glob(f"{work}/data/{manifest['preset']}/" + ("gz/*.lp.gz" if is_gzip else "lp/*.lp")))
    if len(bodies) != manifest["bodies"]:
        raise Trouble(f"{len(bodies)} bodies are there, {manifest['bodies']} were generated")
    words = [f"{work}/bin/load"] + ["-z"] * is_gzip + [mode[:-1], server.base() + server.write_path] + bodies
    client = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        figures = json.loads(client.stdout)
    except ValueError:
        raise Trouble("the client gave up: " + (" ".join(client.stderr.split())[:300] or f"status {client.returncode}"))
    figures["first_refusal"] = " ".join(client.stderr.split())[:300]
    return figures


def wait_until_visible(server, manifest):
    """Counts until every row is there or nothing has been added for a while; returns the count and the seconds."""
    began = changed = time.monotonic()
    rows = -1
    while server.has_pending_rows() and time.monotonic() - began < PATIENCE_S:
        time.sleep(.02)
    while True:
        before, rows = rows, server.visible(manifest)
        now = time.monotonic()
        if rows != before:
            changed = now
        if rows == manifest["rows"] or now - changed > STANDSTILL_S or now - began > PATIENCE_S:
            return rows, now - began
        time.sleep(.05)


def measure(server, work, mode, manifest):
    """One run. Whatever goes wrong is told in the result as `trouble`; the server is ended in any case."""
    figures = {}
    troubles = []
    try:
        server.start()
        figures["command"] = server.command()
        figures["files"] = server.files()
        before = server.cpu_s()
        figures.update(load(work, server, mode, manifest))
        rows, cpu_s = manifest["rows"], server.cpu_s() - before
        figures.update(server_cpu_s=cpu_s, peak_memory_mb=server.peak_memory_mb())
        if figures["refused"]:
            # No figures per row: which rows were taken is not known.
            troubles.append(f"{figures['refused']} requests without a 2xx; {figures['first_refusal'] or 'no answer'}")
        else:
            figures.update(
                rows_per_s=rows / figures["wall_s"], text_mb_per_s=manifest["bytes"] / 1e6 / figures["wall_s"],
                cpu_us_per_row=cpu_s / rows * 1e6)
        figures["visible_rows"], figures["visible_after_s"] = wait_until_visible(server, manifest)
        figures["server_cpu_with_counting_s"] = server.cpu_s() - before
        figures["peak_memory_with_counting_mb"] = server.peak_memory_mb()
        if figures["visible_rows"] != rows:
            troubles.append(f"{figures['visible_rows']:,} rows are visible of {rows:,}")
        figures["durability"] = server.durability()
    except (Trouble, OSError, ValueError, LookupError, TypeError) as error:
        troubles.append(str(error) if isinstance(error, Trouble) else f"{type(error).__name__}: {error}")
    finally:
        ending = server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
    if ending:
        troubles.append(ending)
    if troubles:
        figures["trouble"] = "; ".join(troubles)
    return figures


def sitting(options, manifest, binaries):
    """All runs, the servers taking turns: what disturbs the machine for a while then disturbs all of them."""
    work = options.folder
    total = len(options.modes) * options.runs * len(options.peers)
    runs = []
    for mode in options.modes:
        for number in range(1, options.runs + 1):
            for name in options.peers:
                # What the one before left to write to the disk is not this one's work.
                os.sync()
                log = f"{work}/logs/{name}-{mode}-{number}.log"
                server = SERVERS[name](binaries, f"{work}/servers/{name}", log, options.memory)
                figures = measure(server, work, mode, manifest)
                runs.append(dict(peer=name, mode=mode, run=number, **figures))
                say(f"{len(runs):3} of {total}  {name} {mode}, run {number}: {report.sentence(figures)}")
    return runs


def words():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--modes", type=lambda text: text.split(","), required=True)
    parser.add_argument("--peers", type=lambda text: text.split(","), required=True)
    parser.add_argument("--memory", type=int, required=True)
    parser.add_argument("--line", required=True)
    return parser.parse_args()


def main():
    options = words()
    # So that a server is ended too when this is.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    work = options.folder
    for name in ("servers", "logs"):
        os.makedirs(f"{work}/{name}", exist_ok=True)
    binaries = {
        "tram": ".build/release/tram",
        "victoria-metrics": f"{work}/unpacked/usr/bin/victoria-metrics",
        "influxdb": f"{work}/unpacked/usr/bin/influxd",
    }
    with open(f"{work}/data/{options.preset}/manifest.json") as file:
        manifest = dict(json.load(file), preset=options.preset)
    machine = report.machine(work)
    versions = {name: report.version(SERVERS[name], work) for name in options.peers}
    runs = sitting(options, manifest, binaries)
    machine["load_average_after"] = os.getloadavg()[0]
    result = dict(
        line=options.line, machine=machine, manifest=manifest, memory_mib=options.memory, versions=versions, runs=runs)
    path = f"{work}/figures-{time.strftime('%Y%m%d-%H%M%S')}.json"
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
    print(report.markdown(result, options.peers, options.modes, work))
    say(f"All figures are in {path}.")
    troubled = sum("trouble" in run for run in runs)
    if troubled:
        say(f"{troubled} of {len(runs)} runs did not go as they should; the table says which.")
    sys.exit(1 if troubled else 0)


main()
