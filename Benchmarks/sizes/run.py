#!/usr/bin/env python3
"""Bytes for each number of real feeds, by Tram and others. Called by ../sizes.sh.

The tables go to standard output, talk to standard error. Exit status: 0 when all of them kept everything, 1 when one
did not or could not be had, 2 wrong usage.
"""
import argparse
import os
import shutil
import signal
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers")]

import encoders
import stores
from feed import Feed, FeedError
from servers import Trouble

WHO = {
    "tram": stores.tram, "victoria-metrics": stores.victoria_metrics, "clickhouse": stores.clickhouse,
    "parquet": encoders.parquet, "vortex": encoders.vortex, "pcodec": encoders.pcodec}


def say(text):
    print(text, file=sys.stderr, flush=True)


def word(said):
    return said if isinstance(said, str) else "yes" if said else "–"


def measured(name, feed, options):
    """Lines of the table, and what went wrong, if anything."""
    try:
        lines = WHO[name](feed, options)
    except ModuleNotFoundError as error:
        return [], f"the Python package {error.name} cannot be had here"
    except Exception as error:  # the others go on
        text = str(error) if isinstance(error, Trouble) else f"{type(error).__name__}: {error}"
        return [], " ".join(text.replace("|", "/").split())[:300]
    finally:
        shutil.rmtree(f"{options.folder}/servers", ignore_errors=True)
    return lines, ""


def report(feed, options):
    """Prints the table of one feed; whether everything was well."""
    rows, troubles = [], []
    for name in options.who:
        lines, trouble = measured(name, feed, options)
        if trouble:
            say(f"{feed.name}: {name} NOT MEASURED: {trouble}")
            rows.append(f"| {name} | **NOT MEASURED** | | | | | | | | {trouble} |")
            troubles.append(trouble)
        for line in lines:
            per_number = line.bytes / feed.numbers
            say(f"{feed.name}: {line.name}: {line.bytes:,} bytes, {per_number:.3f} a number"
                + (f"; BUT {line.trouble}" if line.trouble else ""))
            words = [word(said) for said in (line.strings, line.tags, line.times, line.statistics, line.index)]
            if not feed.strings:
                words[0] = "none"
            how = line.how + (f" **BUT: {line.trouble}**" if line.trouble else "")
            rows.append(
                f"| {line.name} | {line.bytes:,} | {per_number:.3f} | {' | '.join(words)} | {line.version} | {how} |")
            troubles += [line.trouble] if line.trouble else []
    first, last = (moment // 10**9 for moment in feed.span_ns())
    columns = ["who", "bytes", "bytes a number", "strings", "tags", "times", "statistics", "index", "version", "how"]
    print(f"### {feed.name}\n")
    print(f"{feed.rows:,} rows of {feed.series:,} series: {feed.numbers:,} numbers, {feed.strings:,} strings; "
          f"{feed.text_bytes:,} bytes of text, {os.path.getsize(feed.path):,} as the file is; "
          f"{(last - first) / 86400:.1f} days.\n")
    print(f"| {' | '.join(columns)} |\n| --- | ---: | ---: |{' --- |' * 7}")
    print("\n".join(rows).replace(options.folder, "FOLDER") + "\n", flush=True)
    return not troubles


def words():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--tram", required=True)
    parser.add_argument("--who", type=lambda text: text.split(","), required=True)
    parser.add_argument("--line", required=True)
    parser.add_argument("feeds", nargs="+")
    return parser.parse_args()


def main():
    options = words()
    # So that a server is ended too when this is.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    os.makedirs(f"{options.folder}/logs", exist_ok=True)
    print("## Bytes for each number\n")
    print(f"`{options.line}`. Numbers are values of fields that are float, int or bool, counted in the feed by a "
          "parser of its own. Bytes are of all that the columns from strings to index say, divided by the numbers "
          "alone. Everyone was asked afterwards how much it holds, or decoded and compared.\n")
    well = True
    for path in options.feeds:
        say(f"Reading {path}.")
        try:
            feed = Feed(path)
        except (FeedError, OSError, UnicodeDecodeError) as error:
            say(f"{path} cannot be read: {error}")
            well = False
            continue
        well = report(feed, options) and well
    sys.exit(0 if well else 1)


main()
