"""What a sitting found, as Markdown: the table, and everything a reader needs to judge and to repeat it."""
import os
import platform
import re
import statistics
import subprocess
import time


def machine(work):
    """The machine as far as it matters to the figures."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", file.read(), re.MULTILINE)
    with open("/proc/meminfo") as file:
        memory_kb = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1])
    return dict(
        cores=len(os.sched_getaffinity(0)), cpu=model[1] if model else platform.machine(),
        memory_gb=round(memory_kb * 1024 / 1e9, 1), kernel=platform.release(), system=system(),
        work_folder_on=output(["stat", "-f", "-c", "%T", work]) or "unknown",
        load_average_before=os.getloadavg()[0], date=time.strftime("%Y-%m-%d %H:%M %Z"))


def system():
    try:
        with open("/etc/os-release") as file:
            return re.search(r'^PRETTY_NAME="?([^"\n]+)', file.read(), re.MULTILINE)[1]
    except (OSError, TypeError):
        return "unknown"


def output(words):
    """What a command prints, or nothing when it cannot."""
    try:
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
    except OSError:
        return ""


def version(server, work):
    """Of a peer its Debian version; of Tram the commit, with `-dirty` when files differ from it."""
    if server.package is None:
        return output(["git", "describe", "--always", "--dirty"]) or "unknown"
    return output(["dpkg-deb", "-f", f"{work}/debs/{server.package}.deb", "Version"]) or "unknown"


def sentence(figures):
    """One run in one line."""
    parts = []
    if "rows_per_s" in figures:
        parts.append(f"{figures['rows_per_s']:,.0f} rows/s")
    if "visible_after_s" in figures and "trouble" not in figures:
        parts.append(f"all rows visible after {figures['visible_after_s']:.1f} s")
    if "trouble" in figures:
        parts.append("TROUBLE: " + figures["trouble"])
    return ", ".join(parts)


def median(runs, key, form):
    values = [run[key] for run in runs if key in run]
    return format(statistics.median(values), form) if values else "–"


def visible(runs, rows):
    """Whether every run shows every row, and how long after its last answer."""
    troubled = sum("trouble" in run for run in runs)
    if troubled:
        counts = [run["visible_rows"] for run in runs if "visible_rows" in run]
        least = f", {min(counts):,} of {rows:,} rows" if counts and min(counts) != rows else ""
        return f"**TROUBLE in {troubled} of {len(runs)} runs{least}**"
    return "all, after " + median(runs, "visible_after_s", ".1f") + " s"


def line(peer, version, mode, runs, rows):
    rates = [run["rows_per_s"] for run in runs if "rows_per_s" in run]
    spread = f" ({min(rates):,.0f}–{max(rates):,.0f})" if rates else ""
    cells = [
        peer, version, mode, median(runs, "rows_per_s", ",.0f") + spread, median(runs, "text_mb_per_s", ",.1f"),
        median(runs, "cpu_us_per_row", ".2f"), median(runs, "p50_ms", ".1f"), median(runs, "p99_ms", ".1f"),
        median(runs, "peak_memory_mb", ",.0f"), visible(runs, rows),
    ]
    return "| " + " | ".join(cells) + " |"


def table(result, peers, modes):
    out = [
        "| peer | version | mode | rows/s: median (min–max) | MB/s | CPU µs/row | p50 ms | p99 ms | peak RSS MB "
        "| rows visible |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for mode in modes:
        for peer in peers:
            runs = [run for run in result["runs"] if (run["peer"], run["mode"]) == (peer, mode)]
            out.append(line(peer, result["versions"][peer], mode, runs, result["manifest"]["rows"]))
    return out


def last(result, peer, key):
    """What the last run of a server that got so far says."""
    found = [run[key] for run in result["runs"] if run["peer"] == peer and key in run]
    return found[-1] if found else None


def troubles(result):
    found = [run for run in result["runs"] if "trouble" in run]
    if not found:
        return []
    lines = [f"- {run['peer']} {run['mode']}, run {run['run']}: {run['trouble']}" for run in found]
    return ["", "Trouble:", ""] + lines


def meaning(result, modes):
    data = result["manifest"]
    runs = max(run["run"] for run in result["runs"])
    texts = ", ".join(
        f"`{mode}` {mode[:-1]} connection{'s' * (mode[:-1] != '1')}, {'gzip' if mode.endswith('z') else 'plain'} bodies"
        for mode in modes)
    return [
        "",
        f"Medians of {runs} run{'s' * (runs != 1)}, each with a fresh server and an empty folder; the servers take "
        f"turns. Modes: {texts}.",
        f"Data: preset {data['preset']}, seed {data['seed']}: {data['rows']:,} rows with {data['fields']:,} fields "
        f"({data['numeric_fields']:,} without strings) of {data['sensors']:,} sensors, {data['bytes'] / 1e6:,.1f} MB "
        f"of text ({data['gzip_bytes'] / 1e6:,.1f} MB as gzip) in {data['bodies']:,} bodies; CRC-32 of the text "
        f"{data['crc32']}.",
        "",
        "- rows/s and MB/s: from the first byte sent to the last 2xx; MB are 10^6 bytes of text, also when it goes as "
        "gzip.",
        "- CPU: user and system time of the server in that time, counted by the kernel in hundredths of a second. What "
        "a server puts off until after its last answer is not in it.",
        "- p50, p99: from the first byte of a request to the last of its answer. Client and server share the cores.",
        "- peak RSS: the most resident memory (VmHWM) until the last 2xx.",
        "- rows visible: a count by query equals the rows sent, and how long after the last 2xx it did. Counting takes "
        "time itself, so a few tenths of a second say little. VictoriaMetrics is counted once its /metrics tell of no "
        "pending rows.",
        "- VictoriaMetrics keeps times in milliseconds, booleans as 0 and 1, and every string as 0: it takes every "
        "row, but the texts are lost. InfluxDB and Tram keep every field.",
    ]


def durability(result, peers):
    out = ["", "What a 2xx means for durability:", ""]
    return out + [f"- {peer}: {last(result, peer, 'durability') or 'no run got so far'}" for peer in peers]


def servers(result, peers, work):
    limit = f"{result['memory_mib']:,} MiB"
    out = ["", f"Servers, as started in the last run, each limited to {limit}; `$FOLDER` is the work folder:"]
    out += ["", "```sh"]
    out += [last(result, peer, "command") or f"# {peer} did not start" for peer in peers]
    out += ["```"]
    for peer in peers:
        for path, text in (last(result, peer, "files") or {}).items():
            out += ["", f"`{path}`:", "", "```toml", text.rstrip(), "```"]
    return [each.replace(work, "$FOLDER") for each in out]


def surroundings(result):
    here = result["machine"]
    return [
        "",
        f"Machine: {here['cores']} core{'s' * (here['cores'] != 1)}, {here['cpu']}, {here['memory_gb']} GB of memory; "
        f"work folder on {here['work_folder_on']}. {here['system']}, kernel {here['kernel']}. {here['date']}. Load "
        f"average {here['load_average_before']:.2f} before, {here['load_average_after']:.2f} after.",
        "",
        "To repeat it:",
        "",
        "```sh",
        result["line"],
        "```",
    ]


def markdown(result, peers, modes, work):
    parts = table(result, peers, modes) + troubles(result) + meaning(result, modes) + durability(result, peers)
    return "\n".join(parts + servers(result, peers, work) + surroundings(result))
