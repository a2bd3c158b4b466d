"""The three servers: how each is started, asked, and stopped, and what a 2xx of it means.

A server is started fresh, in an empty folder, on a free port of the loopback address, and ended by its process id.
"""
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

PATIENCE_S = 120
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# One field of each measurement that is a number in every row: what VictoriaMetrics and InfluxDB are asked to count.
NUMBERS = {"traffic": "speed", "air": "pm25", "water_level": "level", "power": "voltage", "camera": "fps"}


class Trouble(Exception):
    """What went wrong, in words for the reader of the table."""


def free_ports(count):
    """Ports that nobody listens on now; held together, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Server:
    """One run of one server.

    `folder` is where it keeps its data; `log` takes what it says; `memory` is the limit in MiB: a hard one on its data
    segment (heap and other private memory), the same for every server. Those written in Go are also told to collect
    garbage harder from nine tenths of it on, which they would otherwise not know about.
    """

    name = ""
    package = None      # of Debian; Tram has none
    write_path = "/write?db=t"
    is_go = True

    def __init__(self, binaries, folder, log, memory):
        self.binary = binaries[self.name]
        self.folder, self.log, self.memory = folder, log, memory
        self.process = self.port = None

    # What a server has to say for itself.

    def words(self):
        """The command, after `self.port` has been chosen."""
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def prepare(self):
        """What has to be done before the first row."""

    def has_pending_rows(self):
        """Whether it is known without a query that a query would not see every row yet."""
        return False

    def visible(self, manifest):
        """How many rows a query sees now."""
        raise NotImplementedError

    def durability(self):
        """What a 2xx promises, in one sentence."""
        raise NotImplementedError

    def files(self):
        """Configuration files that were written for it: path and text."""
        return {}

    # What is the same for all.

    def environment(self):
        return {"GOMEMLIMIT": f"{self.memory * 9 // 10}MiB"} if self.is_go else {}

    def command(self):
        """The line to type to start the same server."""
        settings = [f"{name}={value}" for name, value in self.environment().items()]
        return " ".join(settings + [shlex.quote(word) for word in self.limited_words()])

    def limited_words(self):
        return ["prlimit", f"--data={self.memory << 20}"] + self.words()

    def start(self, anew=True):
        """`anew`: in an empty folder, else with what the folder holds."""
        if anew:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)
        [self.port] = free_ports(1)
        for path, text in self.files().items():
            with open(path, "w") as file:
                file.write(text)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.limited_words(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, **self.environment()))
        until = time.monotonic() + PATIENCE_S
        while not self.is_ready():
            status = self.process.poll()
            if status is not None:
                self.process = None
                raise Trouble(f"ended with status {status} before it was ready; see {self.log}")
            if time.monotonic() > until:
                raise Trouble(f"not ready after {PATIENCE_S} s; see {self.log}")
            time.sleep(.02)
        self.prepare()

    def stop(self):
        """Asks it to end, waits, and says what was wrong with that, if anything."""
        if self.process is None:
            return None
        if self.process.poll() is not None:
            return f"ended on its own with status {self.process.returncode}; see {self.log}"
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"did not end within {PATIENCE_S} s of SIGTERM"
        return None if status == 0 else f"ended with status {status} after SIGTERM; see {self.log}"

    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path, method="GET", **parameters):
        """The body of a 2xx answer, as bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
            connection.request(method, path + query)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Trouble(f"{method} {path}: {error or type(error).__name__}")
        finally:
            connection.close()
        if answer.status // 100 != 2:
            raise Trouble(f"{method} {path}: {answer.status} {body[:200].decode(errors='replace')}")
        return body

    def answers(self, path):
        try:
            self.ask(path)
            return True
        except Trouble:
            return False

    def cpu_s(self):
        """User and system time of the process so far; the kernel counts in hundredths of a second."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def peak_memory_mb(self):
        """The most memory that was resident at one time, in MB of 10^6 bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            found = re.search(r"VmHWM:\s+(\d+) kB", file.read())
        if not found:
            raise Trouble(f"ended while it was measured; see {self.log}")
        return int(found[1]) * 1024 / 1e6


class Tram(Server):
    name = "tram"
    is_go = False

    def words(self):
        return [self.binary, "serve", "--data", self.folder, "--listen", "127.0.0.1:0"]

    def is_ready(self):
        """It chooses its own port, and says which when it is ready."""
        with open(self.log, errors="replace") as log:
            found = re.search(r"^listening on http://127\.0\.0\.1:(\d+)\s*$", log.read(), re.MULTILINE)
        if found:
            self.port = int(found[1])
        return found is not None

    def visible(self, manifest):
        return int(self.ask("/api/tram/count", db="t"))

    def durability(self):
        try:
            health = json.loads(self.ask("/health"))
            found = [health.get("message")]
            checks = health.get("checks") or []
            if isinstance(checks, dict):
                checks = [dict(check, name=name) for name, check in checks.items() if isinstance(check, dict)]
            for check in checks:
                found.append(": ".join(str(check[key]) for key in ("name", "message") if check.get(key)))
            found = [str(text) for text in found if text]
        except (Trouble, ValueError, AttributeError, TypeError):
            found = []
        return "its /health says: " + "; ".join(found) if found else "durability: see /health"


class VictoriaMetrics(Server):
    name = package = "victoria-metrics"
    write_path = "/write"  # with ?db=t it would give every series a label of that name

    def words(self):
        return [
            self.binary, f"-storageDataPath={self.folder}", f"-httpListenAddr=127.0.0.1:{self.port}",
            # Else it would drop rows older than a month, and not show the newest half minute.
            "-retentionPeriod=100y", "-search.latencyOffset=0s",
            # Six tenths of the limit for caches: its own default is six tenths of the machine.
            f"-memory.allowedBytes={self.memory * 6 // 10}MiB",
        ]

    def is_ready(self):
        return self.answers("/health")

    def has_pending_rows(self):
        """Asked too early, it keeps what it found in its index for ten seconds, and shows new series only then."""
        pending = re.findall(r"^vm_pending_rows\{.*\} (\S+)", self.ask("/metrics").decode(), re.MULTILINE)
        return any(float(rows) > 0 for rows in pending)

    def visible(self, manifest):
        end_s = manifest["end_ms"] // 1000 + 60
        span_s = end_s - manifest["start_ms"] // 1000 + 60
        rows = 0
        for measurement in manifest["by_measurement"]:
            query = f"sum(count_over_time({measurement}_{NUMBERS[measurement]}[{span_s}s]))"
            answer = json.loads(self.ask("/api/v1/query", query=query, time=end_s, nocache=1))
            rows += sum(int(float(found["value"][1])) for found in answer["data"]["result"])
        return rows

    def durability(self):
        return (
            "rows are in memory; queries see them within about two seconds, and they are written to disk about every "
            "five seconds, so a crash loses the last seconds")


class InfluxDB(Server):
    name = package = "influxdb"

    def start(self, anew=True):
        [self.backup_port] = free_ports(1)
        super().start(anew)

    def words(self):
        return [self.binary, "-config", self.folder + ".conf"]

    def files(self):
        # Its own defaults, but for: addresses and folders; the index on disk, which it recommends for many series; half
        # of the memory for rows that are not in files yet; no limit on bodies and series; no log line for each request
        # and no statistics of itself. The wait before fsync is the default, and written down because it matters.
        text = f"""\
reporting-disabled = true
bind-address = "127.0.0.1:{self.backup_port}"
[meta]
  dir = "{self.folder}/meta"
[data]
  dir = "{self.folder}/data"
  wal-dir = "{self.folder}/wal"
  wal-fsync-delay = "0s"
  index-version = "tsi1"
  cache-max-memory-size = "{self.memory // 2}m"
  max-series-per-database = 0
  max-values-per-tag = 0
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{self.port}"
  log-enabled = false
  max-body-size = 0
[monitor]
  store-enabled = false
[coordinator]
  write-timeout = "60s"
"""
        return {self.folder + ".conf": text}

    def is_ready(self):
        return self.answers("/ping")

    def prepare(self):
        self.ask("/query", "POST", q="CREATE DATABASE t")

    def results(self, **parameters):
        return json.loads(self.ask("/query", **parameters))["results"][0].get("series", [])

    def visible(self, manifest):
        rows = 0
        for measurement in manifest["by_measurement"]:
            for series in self.results(db="t", q=f'SELECT count("{NUMBERS[measurement]}") FROM "{measurement}"'):
                rows += series["values"][0][1]
        return rows

    def durability(self):
        delay = "unknown"
        for table in self.results(q="SHOW DIAGNOSTICS"):
            if "wal-fsync-delay" in table["columns"]:
                delay = table["values"][0][table["columns"].index("wal-fsync-delay")]
        if delay == "0s":
            return "rows are in its write-ahead log, and fsync has returned (wal-fsync-delay = 0s)"
        return f"rows are in its write-ahead log, but fsync may come later (wal-fsync-delay = {delay})"


SERVERS = {server.name: server for server in (Tram, VictoriaMetrics, InfluxDB)}
