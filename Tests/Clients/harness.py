"""What the scenarios share: the running Tram, the programs of others, and the words for what went wrong."""

import importlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SCENARIOS = []

# 2025-11-20T23:00:00Z, whole in every unit that the protocol has.
HOUR = 489911
SECOND = HOUR * 3600
NANOSECOND = SECOND * 10**9


def scenario(function):
    """Enters a function in the list of scenarios; its name says what a client does."""
    SCENARIOS.append(function)
    return function


class Skipped(Exception):
    """A scenario that cannot be tried on this machine, and why."""


class Failed(Exception):
    """A client that did not get what it is used to."""


def expect(claim, what):
    if not claim:
        raise Failed(what)


def equal(have, want, what):
    expect(have == want, f"{what}: {have!r}, expected {want!r}")


def contains(text, part, what):
    expect(part in text, f"{what}: {part!r} is not in {text!r}")


class Prepared:
    """The folder that prepare.sh filled, or nothing."""

    def __init__(self, folder):
        self.folder = Path(folder).absolute() if folder else None
        self.missing = {}
        missing = self.folder / "missing" if self.folder else None
        if missing and missing.exists():
            for line in missing.read_text().splitlines():
                name, _, reason = line.partition("\t")
                self.missing[name] = reason

    def reason(self, name):
        return self.missing.get(name, f"{name} is not on this machine")

    @property
    def debian(self):
        """Where Debian's packages were unpacked."""
        return self.folder / "debian" if self.folder else None

    def python(self):
        """The interpreter that has the packages, when it is another one than this."""
        python = self.folder / "venv/bin/python" if self.folder else None
        return python if python and python.exists() else None

    def program(self, *names):
        """The path of the first of the names that is here, and the environment to start it with."""
        path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
        environment = dict(os.environ, LC_ALL="C")
        for name in names:
            found = shutil.which(name, path=path)
            if found:
                return found, environment
        if self.debian:
            for name in names:
                for place in ("usr/bin", "usr/sbin", "bin", "sbin"):
                    found = self.debian / place / name
                    if found.exists():
                        libraries = [*self.debian.glob("usr/lib/*-linux-*"), *self.debian.glob("lib/*-linux-*")]
                        return str(found), dict(environment, LD_LIBRARY_PATH=":".join(map(str, libraries)))
        raise Skipped(self.reason(names[0]))

    def module(self, name, package):
        try:
            return importlib.import_module(name)
        except ImportError:
            raise Skipped(self.reason(package)) from None


class Answer:
    """An HTTP answer: status, headers by lower-case name, body as text."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    def json(self, what="the body"):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failed(f"{what} is not JSON: {self.body[:200]!r}") from None

    def expect(self, status, what="the answer"):
        expect(self.status == status, f"{what}: status {self.status}, expected {status}: {self.body[:300]!r}")
        return self


class Tram:
    """The server under test, and the doors that are Tram's own: what was stored is read back through them."""

    def __init__(self, url, line_tcp, line_udp, prepared, name):
        self.url = url.rstrip("/")
        self.host, self.port = address(self.url.split("//")[1])
        self.line_tcp = line_tcp
        self.line_udp = line_udp
        self.prepared = prepared
        # A scenario has a database of its own, also when it is tried again on the same server.
        self.db = f"{name}_{os.getpid()}"
        # And measurements of its own in the database of the line listeners, which all share.
        self.mark = f"m{os.getpid()}_{name}"

    def get(self, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + path + query, timeout=20) as answer:
                return Answer(answer.status, answer.getheaders(), answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers.items(), error.read().decode())

    def count(self, db=None):
        answer = self.get("/api/tram/count", db=db or self.db).expect(200, "/api/tram/count")
        return int(answer.body)

    def query(self, text, db=None, epoch="s"):
        answer = self.get("/api/tram/query", db=db or self.db, q=text, epoch=epoch).expect(200, text)
        result = answer.json()
        names = [column["name"] for column in result["columns"]]
        return [dict(zip(names, row)) for row in result["rows"]]

    def rows(self, measurement="aqi", db=None, epoch="s"):
        """Every row of a measurement, oldest first; without what is null."""
        rows = self.query(f"{measurement}[all]", db, epoch)
        return sorted(({key: value for key, value in row.items() if value is not None} for row in rows), key=by_time)

    def run(self, names, arguments, input=b"", timeout=30):
        """Starts a program of another maker, by the first of its names that is here, and waits for its end."""
        program, environment = self.prepared.program(*([names] if isinstance(names, str) else names))
        try:
            done = subprocess.run(
                [program, *map(str, arguments)], input=input, capture_output=True, timeout=timeout, env=environment)
        except subprocess.TimeoutExpired:
            raise Failed(f"{program} {' '.join(map(str, arguments))}: no end after {timeout} s") from None
        done.output = done.stdout.decode(errors="replace")
        done.talk = done.stderr.decode(errors="replace")
        return done

    def folder(self):
        return tempfile.TemporaryDirectory(prefix="tram-clients-")


def until(seconds, call, what):
    """Waits until a call gives something: for what no sender is told the end of."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := call():
                return found
        except Failed:
            # A measurement is not known before its first row.
            pass
        time.sleep(0.1)
    raise Failed(f"{what}: not within {seconds} s")


def by_time(row):
    """The order of rows: their time, then their texts, which tags are."""
    return row["time"], sorted((not isinstance(value, str), key, str(value)) for key, value in row.items())


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
