"""A feed of line protocol, read without Tram: what is in it, and the same rows sorted for those who take tables.

Lines that name the same series and time are one row, and of two values for one field the later one counts, as in Tram.
"""
import gzip
import os
import re
import subprocess

BODY_LINES = 5000
# A backslash takes what follows it along; in fields, quotes hold everything up to the next quote.
LINE = re.compile(r'((?:\\.|[^ \\])+) ((?:"(?:\\.|[^"\\])*"|\\.|[^ "\\])+) (-?\d+)')
FIELD = re.compile(r'((?:\\.|[^=\\])+)=("(?:\\.|[^"\\])*"|[^,"]+)(?:,|$)')
PART = re.compile(r"((?:\\.|[^,\\])+)(?:,|$)")
TAG = re.compile(r"((?:\\.|[^=\\])+)=(.*)")
BOOLS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False)


class FeedError(Exception):
    pass


def plain(text):
    """Without the backslashes."""
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text


def kind(token):
    """float, int, uint, bool or string."""
    if token[0] == '"':
        return "string"
    if token in BOOLS:
        return "bool"
    return {"i": "int", "u": "uint"}.get(token[-1], "float")


def value(token):
    token_kind = kind(token)
    if token_kind == "string":
        return plain(token[1:-1])
    if token_kind == "bool":
        return BOOLS[token]
    return float(token) if token_kind == "float" else int(token[:-1])


class Table:
    """One measurement. `rows` are (series, time, tokens by field), sorted by series, then time."""

    def __init__(self, name):
        self.name = name
        self.tags, self.fields = [], {}
        self.by_series = {}
        self.sent_numbers = 0

    def add(self, key, tags, fields, time, line):
        series = self.by_series.get(key)
        if series is None:
            series = self.by_series[key] = (tags, {})
            self.tags = sorted({*self.tags, *tags})
        row = series[1].setdefault(time, {})
        for name, token in fields:
            if self.fields.setdefault(name, kind(token)) != kind(token):
                raise FeedError(f"line {line}: {name} is no {self.fields[name]} here, but before")
            row[name] = token
            self.sent_numbers += token[0] != '"'

    def close(self):
        order = sorted(self.by_series.values(), key=lambda series: [series[0].get(tag, "") for tag in self.tags])
        self.rows = [(tags, time, rows[time]) for tags, rows in order for time in sorted(rows)]
        self.series_count = len(order)
        del self.by_series
        self.numbers = [name for name in self.fields if self.fields[name] != "string"]

    def column(self, name):
        """The tokens of a field, None where a row has none."""
        return [row.get(name) for _, _, row in self.rows]

    def decimals(self, name):
        """The most digits before and after the point in the texts of a field; None when one is no plain decimal."""
        before = after = 0
        for token in self.column(name):
            if token is None:
                continue
            whole, _, part = token.lstrip("+-").partition(".")
            if not (whole + part).isdigit():
                return None
            before, after = max(before, len(whole)), max(after, len(part))
        return before, after

    def arrow(self):
        """The same as an Arrow table: tags, time, fields."""
        import pyarrow

        types = dict(
            float=pyarrow.float64(), int=pyarrow.int64(), uint=pyarrow.uint64(), bool=pyarrow.bool_(),
            string=pyarrow.string())
        columns = {
            tag: pyarrow.array([tags.get(tag) for tags, _, _ in self.rows], pyarrow.string()).dictionary_encode()
            for tag in self.tags}
        columns["time"] = pyarrow.array([time for _, time, _ in self.rows], pyarrow.timestamp("ns"))
        for name, field_kind in self.fields.items():
            column = [None if token is None else value(token) for token in self.column(name)]
            columns[name] = pyarrow.array(column, types[field_kind])
        return pyarrow.table(columns)


class Feed:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        text = self.read()
        self.text_bytes = len(text)
        self.lines = [line for line in text.decode().split("\n") if line and line[0] != "#"]
        tables, keys, tokens = {}, {}, {}
        for number, line in enumerate(self.lines, 1):
            found = LINE.fullmatch(line)
            if not found:
                raise FeedError(f"line {number} is not understood: {line[:100]}")
            key, fields, time = found.groups()
            if key not in keys:
                name, *tags = PART.findall(key)
                pairs = [TAG.fullmatch(tag).groups() for tag in tags]
                keys[key] = plain(name), {plain(tag): plain(text) for tag, text in pairs}
            name, tags = keys[key]
            # The same token is one object: millions of them would take a lot of memory.
            pairs = [(tokens.setdefault(field, field), tokens.setdefault(token, token))
                     for field, token in FIELD.findall(fields)]
            table = tables.get(name) or tables.setdefault(name, Table(name))
            table.add(tuple(sorted(tags.items())), tags, pairs, int(time), number)
        self.tables = list(tables.values())
        for table in self.tables:
            table.close()
        self.rows = sum(len(table.rows) for table in self.tables)
        self.series = sum(table.series_count for table in self.tables)
        everything = [(table, row) for table in self.tables for _, _, row in table.rows]
        self.values = sum(len(row) for _, row in everything)
        self.strings = sum(table.fields[name] == "string" for table, row in everything for name in row)
        self.numbers = self.values - self.strings
        self.sent_numbers = sum(table.sent_numbers for table in self.tables)

    def read(self):
        if self.name.endswith(".zst"):
            return subprocess.run(["zstd", "-dqc", self.path], check=True, stdout=subprocess.PIPE).stdout
        with (gzip.open if self.name.endswith(".gz") else open)(self.path, "rb") as file:
            return file.read()

    def span_ns(self):
        times = [time for table in self.tables for _, time, _ in table.rows]
        return min(times), max(times)

    def bodies(self, strings=True):
        """What is sent, as bytes; without strings, fields that are strings are left out."""
        for start in range(0, len(self.lines), BODY_LINES):
            lines = self.lines[start:start + BODY_LINES]
            if not strings:
                lines = [line for line in map(without_strings, lines) if line]
            yield "".join(line + "\n" for line in lines).encode()


def without_strings(line):
    if '"' not in line:
        return line
    key, fields, time = LINE.fullmatch(line).groups()
    kept = [f"{name}={token}" for name, token in FIELD.findall(fields) if token[0] != '"']
    return f"{key} {','.join(kept)} {time}" if kept else None
