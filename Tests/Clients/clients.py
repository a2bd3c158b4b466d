#!/usr/bin/env python3
"""Clients in the field against a running Tram: one line per scenario, exit 1 when a client did not get its answer.

    sh Tests/Clients/prepare.sh .build/clients
    python3 Tests/Clients/clients.py --prepared .build/clients --url http://127.0.0.1:8086 \
        --line-tcp 127.0.0.1:8094 --line-udp 127.0.0.1:8089 [PART OF A NAME]...
"""

import argparse
import os
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True

from harness import SCENARIOS, Failed, Prepared, Skipped, Tram, address  # noqa: E402

# How long a client may take before it counts as hanging.
PATIENCE_SECONDS = 90


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--line-tcp", type=address)
    parser.add_argument("--line-udp", type=address)
    parser.add_argument("--prepared", help="the folder that prepare.sh filled")
    parser.add_argument("--list", action="store_true", help="names only")
    parser.add_argument("names", nargs="*", help="only scenarios with one of these in their names")
    options = parser.parse_args()

    prepared = Prepared(options.prepared)
    python = prepared.python()
    # Of a virtual environment the folder tells, not the interpreter: that is a link to the system's own.
    if python and os.path.realpath(sys.prefix) != os.path.realpath(python.parent.parent):
        os.execv(python, [str(python), *sys.argv])
    keep_to_the_loopback()

    import by_curl, by_program, by_python, by_telegraf, by_openapi  # noqa: E401, F401: each enters its scenarios

    failures = 0
    for function in SCENARIOS:
        name = function.__name__.replace("_", " ")
        if options.names and not any(part in name for part in options.names):
            continue
        if options.list:
            print(name)
            continue
        tram = Tram(options.url, options.line_tcp, options.line_udp, prepared, function.__name__)
        began = time.monotonic()
        line = outcome(function, tram, name)
        failures += line.startswith("FAILED")
        print(line, flush=True)
        print(f"{time.monotonic() - began:6.1f} s  {name}", file=sys.stderr, flush=True)
    # A client that hangs has threads that would keep this process.
    sys.stdout.flush()
    os._exit(1 if failures else 0)


def keep_to_the_loopback():
    """No proxy, token or address from the environment of whoever runs this."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.upper().startswith("INFLUX"):
            del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"


def outcome(function, tram, name):
    lines = []

    def work():
        try:
            function(tram)
            lines.append(f"ok {name}")
        except Skipped as reason:
            lines.append(f"SKIPPED: {name}: {reason}")
        except Failed as reason:
            lines.append(f"FAILED {name}: {reason}")
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)
            here = os.path.dirname(os.path.realpath(__file__))
            own = [frame for frame in place if os.path.dirname(os.path.realpath(frame.filename)) == here] or place
            at = f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}"
            lines.append(f"FAILED {name}: {at}: {type(error).__name__}: {error}")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    line = lines[0] if lines else f"FAILED {name}: no end after {PATIENCE_SECONDS} s"
    line = " ".join(line.split())
    return line if len(line) <= 600 else line[:600] + " …"


if __name__ == "__main__":
    main()
