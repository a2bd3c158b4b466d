"""Those that keep rows: Tram, VictoriaMetrics and ClickHouse. Each gives its lines of the table."""
import csv
import http.client
import io
import json
import os
import re
import shutil
import subprocess
import time

from servers import SERVERS, Trouble
from line import Line

MEMORY_MIB = 4096


def size(folder, without=()):
    """Bytes of all files in a folder, as their owner would count them."""
    total = 0
    for place, folders, files in os.walk(folder):
        if place == folder:
            folders[:] = [name for name in folders if name not in without]
        total += sum(os.path.getsize(os.path.join(place, name)) for name in files)
    return total


def send(server, bodies):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    for body in bodies:
        connection.request("POST", server.write_path, body)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status // 100 != 2:
            raise Trouble(f"a body was answered with {answer.status}: {text[:200].decode(errors='replace')}")
    connection.close()


def started(name, binary, work, anew=True):
    server = SERVERS[name]({name: binary}, f"{work}/servers/{name}", f"{work}/logs/{name}.log", MEMORY_MIB)
    server.start(anew)
    return server


def stopped(server):
    trouble = server.stop()
    if trouble:
        raise Trouble(trouble)


def output(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        talk = " ".join((done.stderr or done.stdout).split())
        raise Trouble(f"`tram {words[1]}` ended with {done.returncode}: {talk[:300]}")
    return done.stdout


def tram(feed, options):
    """Over HTTP to an empty directory, then compacted as after an import."""
    server = started("tram", options.tram, options.folder)
    folder = server.folder
    try:
        send(server, feed.bodies())
    except BaseException:
        server.stop()
        raise
    stopped(server)
    output(options.tram, "compact", folder)
    line = Line(
        "**Tram**", output(options.tram, "version").strip(), size(f"{folder}/databases"), strings=True, tags=True,
        times=True, statistics="count, sum, min, max, first, last of each block", index=True,
        how="`tram compact`; everything in `databases/`: log, manifest, names, segments, checksums")
    for table in feed.tables:
        answer = output(options.tram, "query", "--data", folder, "--format", "csv", f"`{table.name}`[all] | count()")
        rows = int(list(csv.reader(io.StringIO(answer)))[1][0])
        if rows != len(table.rows):
            line.trouble = f"{table.name}: {rows:,} rows are there of {len(table.rows):,}"
    check = subprocess.run(
        [options.tram, "check", "--format", "csv", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True)
    if check.returncode:
        details = [row["detail"] for row in csv.DictReader(io.StringIO(check.stdout)) if row["state"] != "ok"]
        text = "; ".join(details)
        line.trouble = f"`tram check` ended with {check.returncode}: {text[:120]}{' ...' * (len(text) > 120)}"
    return [line]


def victoria_metrics(feed, options):
    """Settled as an administrator would before reading a size: a clean restart, flush, merge of everything."""
    binary = f"{options.folder}/unpacked/usr/bin/victoria-metrics"
    if not os.path.exists(binary):
        raise Trouble("Debian's package victoria-metrics cannot be had here")
    server = started("victoria-metrics", binary, options.folder)
    try:
        send(server, feed.bodies(strings=False))
        while server.has_pending_rows():
            time.sleep(.1)
        stopped(server)
        server = started("victoria-metrics", binary, options.folder, anew=False)
        server.ask("/internal/force_flush")
        server.ask("/internal/force_merge")
        before, same = -1, 0
        while same < 5:
            time.sleep(1)
            now = size(server.folder, without=("cache",))
            before, same = now, same + 1 if now == before else 0
        first, last = (moment // 10**9 for moment in feed.span_ns())
        names = "|".join(re.escape(table.name).replace("\\", "\\\\") + "_.+" for table in feed.tables)
        answer = json.loads(server.ask(
            "/api/v1/query", query=f'sum(count_over_time({{__name__=~"{names}"}}[{last - first + 120}s]))',
            time=last + 60, nocache=1))
        found = sum(int(float(each["value"][1])) for each in answer["data"]["result"])
    except BaseException:
        server.stop()
        raise
    stopped(server)
    package = subprocess.run(
        ["dpkg-deb", "-f", f"{options.folder}/debs/victoria-metrics.deb", "Version"], stdout=subprocess.PIPE, text=True)
    line = Line(
        "VictoriaMetrics", package.stdout.strip(), size(server.folder, without=("cache",)), strings=False, tags=True,
        times="ms", statistics=False, index=True,
        how="restarted, flushed, merged; all but `cache/`; strings, which it does not keep, were not sent")
    # It keeps each of several values for the same time.
    if found != feed.sent_numbers:
        line.trouble = f"{found:,} values are there of {feed.sent_numbers:,}"
    return [line]


def clickhouse_type(table, name, way):
    """Type and codec of a field."""
    kind = table.fields[name]
    digits = table.decimals(name) if way == "decimals" and kind == "float" else None
    if digits and sum(digits) <= 18:
        return f"Decimal{32 if sum(digits) <= 9 else 64}({digits[1]})", "T64, ZSTD(3)"
    return {
        "float": ("Float64", "ZSTD(9)" if way == "zstd" else "Gorilla, ZSTD(3)"), "int": ("Int64", "T64, ZSTD(3)"),
        "uint": ("UInt64", "T64, ZSTD(3)"), "bool": ("Bool", "ZSTD(3)"),
        "string": ("LowCardinality(String)", "ZSTD(3)")}[kind]


def clickhouse_text(token):
    """A token in the form of TabSeparated."""
    if token is None:
        return r"\N"
    if token[0] == '"':
        inner = token[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return inner.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return token.rstrip("iu") if token[-1] in "iu" else token


def clickhouse(feed, options):
    """In process (chdb), one table for each measurement, all in one part."""
    import chdb
    from chdb import session

    lines = []
    for way in ("gorilla", "zstd", "decimals"):
        folder = f"{options.folder}/servers/clickhouse"
        shutil.rmtree(folder, ignore_errors=True)
        with session.Session(folder) as database:
            def ask(text):
                return str(database.query(text, "TabSeparated")).strip()

            ask("CREATE DATABASE t ENGINE = Atomic")
            rows, declared = 0, []
            for table in feed.tables:
                columns = [f"`{tag}` LowCardinality(String) CODEC(ZSTD(3))" for tag in table.tags]
                columns.append("`time` DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(3))")
                chosen = [f"`{tag}`" for tag in table.tags] + ["fromUnixTimestamp64Nano(`time`, 'UTC')"]
                chosen += [f"`{name}`" for name in table.fields]
                for name in table.fields:
                    kind, codec = clickhouse_type(table, name, way)
                    declared.append(f"{name} {kind}")
                    if any(token is None for token in table.column(name)):
                        kind = kind.replace("(String)", "(Nullable(String))") if "(String)" in kind else \
                            f"Nullable({kind})"
                    columns.append(f"`{name}` {kind} CODEC({codec})")
                order = ", ".join(f"`{name}`" for name in [*table.tags, "time"])
                ask(f"CREATE TABLE t.`{table.name}` ({', '.join(columns)}) ENGINE = MergeTree ORDER BY ({order})"
                    " SETTINGS min_bytes_for_wide_part = 0")
                path = f"{options.folder}/rows.tsv"
                with open(path, "w") as file:
                    for tags, moment, row in table.rows:
                        cells = [tags.get(tag, "") for tag in table.tags]
                        cells.append(str(moment))
                        cells += [clickhouse_text(row.get(name)) for name in table.fields]
                        file.write("\t".join(cells) + "\n")
                read = ", ".join(column.split(" CODEC")[0] for column in columns)
                read = read.replace("`time` DateTime64(9, 'UTC')", "`time` Int64")
                ask(f"INSERT INTO t.`{table.name}` SELECT {', '.join(chosen)}"
                    f" FROM file('{path}', 'TabSeparated', '{read}')")
                ask(f"OPTIMIZE TABLE t.`{table.name}` FINAL")
                os.remove(path)
                rows += int(ask(f"SELECT count() FROM t.`{table.name}`"))
            total = int(ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 't'"))
            version = ask("SELECT version()")
        decimals = ", ".join(text for text in declared if "Decimal" in text) or "none fits"
        how = {
            "gorilla": "Gorilla + ZSTD(3) for floats",
            "zstd": "ZSTD(9) alone for floats",
            "decimals": f"Decimal + T64 + ZSTD(3) where it holds every value ({decimals}), else Gorilla + ZSTD(3)"}[way]
        line = Line(
            f"ClickHouse, {way}", f"{version} (chdb {chdb.__version__})", total, strings=True, tags=True, times=True,
            statistics=False, index="sparse",
            how=f"{how}; DoubleDelta + ZSTD(3) for time; ORDER BY tags, time; one part, everything in it")
        if rows != feed.rows:
            line.trouble = f"{rows:,} rows are there of {feed.rows:,}"
        lines.append(line)
        shutil.rmtree(folder, ignore_errors=True)
    return lines
