"""Programs that write by themselves: the influx shell, collectd, netcat and socat."""

import subprocess
import time

from harness import NANOSECOND, SECOND, contains, equal, expect, scenario, until


def influx(tram, *arguments):
    done = tram.run("influx", ["-host", tram.host, "-port", tram.port, *arguments])
    equal(done.returncode, 0, f"influx {' '.join(map(str, arguments))}: {done.output} {done.talk}")
    return done


@scenario
def influx_shell_databases(tram):
    done = influx(tram, "-execute", f"CREATE DATABASE {tram.db}")
    equal(done.output + done.talk, "", "what the shell says")
    done = influx(tram, "-execute", "SHOW DATABASES", "-format", "csv")
    equal(done.output.splitlines()[0], "name,name", "the first line")
    contains(done.output.splitlines(), f"databases,{tram.db}", "databases")


@scenario
def influx_shell_import(tram):
    influx(tram, "-execute", f"CREATE DATABASE {tram.db}")
    with tram.folder() as folder:
        text = f"# DML\n# CONTEXT-DATABASE: {tram.db}\n"
        text += "".join(f"aqi,st=A pm25={n}.5 {SECOND + n}\n" for n in range(12_000))
        file = f"{folder}/dml"
        with open(file, "w") as output:
            output.write(text)
        done = influx(tram, "-import", f"-path={file}", "-precision=s")
    contains(done.output + done.talk, "Failed 0 inserts", "what the shell says")
    equal(tram.count(), 12_000, "count")


@scenario
def influx_shell_import_with_definitions(tram):
    with tram.folder() as folder:
        file = f"{folder}/ddl"
        with open(file, "w") as output:
            output.write(f"# DDL\nCREATE DATABASE {tram.db}\n\n# DML\n# CONTEXT-DATABASE: {tram.db}\n"
                         f"# CONTEXT-RETENTION-POLICY: autogen\naqi,st=A pm25=1 {SECOND}\n")
        done = influx(tram, "-import", f"-path={file}", "-precision=s")
    contains(done.output + done.talk, "Failed 0 inserts", "what the shell says")
    equal(tram.rows(), [{"time": SECOND, "st": "A", "pm25": 1}], "rows")


@scenario
def influx_shell_insert(tram):
    influx(tram, "-database", tram.db, "-precision", "s", "-execute", f"INSERT aqi,st=A pm25=35.2 {SECOND}")
    equal(tram.rows(), [{"time": SECOND, "st": "A", "pm25": 35.2}], "rows")


def collectd(tram):
    """Runs it until Tram has rows of its load, and returns them."""
    host, port = tram.line_udp
    program, environment = tram.prepared.program("collectd")
    # An unpacked package has its plugins beside it.
    home = program.removesuffix("/usr/sbin/collectd") if program.startswith(str(tram.prepared.folder)) else ""
    with tram.folder() as folder:
        lines = [f'BaseDir "{folder}"', f'PIDFile "{folder}/pid"', f'PluginDir "{home}/usr/lib/collectd"',
                 f'TypesDB "{home}/usr/share/collectd/types.db"', f'Hostname "{tram.mark}"', "FQDNLookup false",
                 "Interval 1", "LoadPlugin cpu", "LoadPlugin load", "LoadPlugin memory", "LoadPlugin interface",
                 "LoadPlugin write_influxdb_udp", "<Plugin write_influxdb_udp>", f'Server "{host}" "{port}"',
                 "</Plugin>"]
        with open(f"{folder}/conf", "w") as conf:
            conf.write("\n".join(lines) + "\n")
        with open(f"{folder}/talk", "w+") as talk:
            process = subprocess.Popen(
                [program, "-f", "-C", conf.name], stdout=talk, stderr=talk, stdin=subprocess.DEVNULL, env=environment)
            try:
                return until(15, lambda: [row for row in tram.rows("load", db="default") if row["host"] == tram.mark],
                             "its rows")
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@scenario
def collectd_by_udp(tram):
    row = collectd(tram)[0]
    equal(sorted(row), ["host", "longterm", "midterm", "shortterm", "time", "type"], "columns")


@scenario
def collectd_by_udp_at_the_right_time(tram):
    # It sends milliseconds, on a way that has no place to say so.
    row = collectd(tram)[0]
    expect(abs(row["time"] - time.time()) < 60, f"the time of a row just sent: {row['time']} s since 1970")


def netcat(tram, arguments, input):
    """The netcat of OpenBSD or the traditional one: both wait some seconds after the end of the input."""
    return tram.run(["nc.openbsd", "nc.traditional", "nc"], arguments, input.encode(), timeout=20)


@scenario
def netcat_tcp_lines(tram):
    host, port = tram.line_tcp
    text = f"{tram.mark},st=A pm25=35.2 {NANOSECOND}\nbad\n{tram.mark} pm25=2\n"
    done = netcat(tram, ["-q", 2, host, port], text)
    expect(done.output.startswith("error line 2: missing-fields: "), f"what comes back: {done.output!r} {done.talk!r}")
    equal(done.output.count("\n"), 1, "lines that come back")
    equal(sorted(row["pm25"] for row in tram.rows(tram.mark, db="default")), [2, 35.2], "pm25")
    # Nothing is said of good lines, and the last one needs no end of line.
    text = f"{tram.mark} pm25=3 {NANOSECOND}\r\n{tram.mark} pm25=4 {NANOSECOND + 1}"
    done = netcat(tram, ["-q", 2, host, port], text)
    equal(done.output, "", "what comes back")
    until(15, lambda: len(tram.rows(tram.mark, db="default")) == 4, "the last line")


@scenario
def netcat_udp_lines(tram):
    host, port = tram.line_udp
    text = f"{tram.mark} pm25=1 {NANOSECOND}\nbad\n{tram.mark} pm25=2 {NANOSECOND + 10**9}\n"
    netcat(tram, ["-u", "-w", 1, host, port], text)
    until(15, lambda: len(tram.rows(tram.mark, db="default")) == 2, "rows of a datagram")
    equal([(row["time"], row["pm25"]) for row in tram.rows(tram.mark, db="default")],
          [(SECOND, 1), (SECOND + 1, 2)], "rows")


@scenario
def socat_udp_lines(tram):
    host, port = tram.line_udp
    tram.run("socat", ["-", f"UDP:{host}:{port}"], f"{tram.mark},st=A pm25=35.2\n".encode())
    until(15, lambda: tram.rows(tram.mark, db="default"), "a row of a datagram")


@scenario
def socat_tcp_lines(tram):
    host, port = tram.line_tcp
    # Half closed after the last line: what is still to be said comes back.
    done = tram.run("socat", ["-t", 3, "-", f"TCP:{host}:{port}"], f"{tram.mark} pm25=1\n{tram.mark} pm25=\n".encode())
    expect(done.output.startswith("error line 2: missing-field-value: "), f"what comes back: {done.output!r}")
    equal(len(tram.rows(tram.mark, db="default")), 1, "rows")
