"""Those that take the whole sorted table at once: Parquet, Vortex and pcodec. Each gives its lines of the table."""
import os
from decimal import Decimal

from feed import value
from line import Line


def same(expected, table):
    """Whether what was read back is what was written, number by number."""
    import pyarrow

    if table.num_rows != expected.num_rows:
        return False
    for name in expected.column_names:
        wanted, found = expected[name], table[name]
        plain = wanted.type.value_type if pyarrow.types.is_dictionary(wanted.type) else wanted.type
        if wanted.cast(plain).combine_chunks() != found.cast(plain).combine_chunks():
            return False
    return True


def parquet(feed, options):
    """Every combination of the settings, for each measurement the smallest."""
    import pyarrow
    from pyarrow import parquet

    path = f"{options.folder}/table.parquet"
    total, chosen, whole = 0, [], True
    for table in feed.tables:
        rows = table.arrow()
        texts = table.tags + [name for name in table.fields if name not in table.numbers]
        floats = [name for name in table.numbers if table.fields[name] == "float"]
        integers = {
            name: "DELTA_BINARY_PACKED" for name in ["time", *table.numbers]
            if name == "time" or table.fields[name] in ("int", "uint")}
        settings = {
            "dictionaries for all": dict(use_dictionary=True),
            "dictionaries for all but time, which is delta-packed": dict(
                use_dictionary=texts + [name for name in table.numbers if name not in integers],
                column_encoding=integers),
            "dictionaries for texts, BYTE_STREAM_SPLIT for floats": dict(
                use_dictionary=texts,
                column_encoding=dict(integers, **dict.fromkeys(floats, "BYTE_STREAM_SPLIT"))),
        }
        sizes = {}
        for words, setting in settings.items():
            for level in (3, 9):
                parquet.write_table(
                    rows, path, compression="zstd", compression_level=level, row_group_size=1 << 20, **setting)
                sizes[f"{words}, level {level}"] = os.path.getsize(path)
                whole = whole and same(rows, parquet.read_table(path))
        best = min(sizes, key=sizes.get)
        total += sizes[best]
        chosen.append(best)
    os.remove(path)
    line = Line(
        "Parquet + zstd", f"pyarrow {pyarrow.__version__}", total, strings=True, tags=True, times=True,
        statistics="min, max, nulls of each row group", index=False,
        how=f"smallest of six: {'; '.join(sorted(set(chosen)))}; sorted by tags, time")
    if not whole:
        line.trouble = "what was read back differs"
    return [line]


def vortex(feed, options):
    """Its own choice of encodings, once between speed and size and once for size."""
    import importlib.metadata
    import vortex
    import vortex.io

    path = f"{options.folder}/table.vortex"
    lines = []
    for name in ("default", "compact"):
        total, whole = 0, True
        for table in feed.tables:
            rows = table.arrow()
            getattr(vortex.io.VortexWriteOptions, name)().write(rows, path)
            total += os.path.getsize(path)
            whole = whole and same(rows, vortex.open(path).scan().read_all().to_arrow_table())
            os.remove(path)
        line = Line(
            f"Vortex, {name}", f"vortex-data {importlib.metadata.version('vortex-data')}", total, strings=True,
            tags=True, times=True, statistics="of zones", index=False,
            how=f"a file with the options `{name}`; sorted by tags, time")
        if not whole:
            line.trouble = "what was read back differs"
        lines.append(line)
    return lines


def decimal_integers(table, name, doubles):
    """The values of a column as integers in units of its last decimal digit; None where that would lose something."""
    import numpy

    digits = table.decimals(name) if table.fields[name] == "float" else None
    if not digits or sum(digits) > 18:
        return None
    tokens = [token for token in table.column(name) if token is not None]
    integers = numpy.array([int(Decimal(token).scaleb(digits[1])) for token in tokens], numpy.int64)
    return integers if (integers / 10.0 ** digits[1]).tobytes() == doubles.tobytes() else None


def pcodec(feed, options):
    """Each numeric column and the times of each measurement by themselves; no file."""
    import numpy
    import pcodec
    from pcodec import ChunkConfig, standalone

    types = {"float": numpy.float64, "int": numpy.int64, "uint": numpy.uint64, "bool": numpy.uint8}
    config = ChunkConfig(compression_level=8, enable_8_bit=True)
    whole = True

    def packed_size(column):
        nonlocal whole
        packed = standalone.simple_compress(column, config)
        whole = whole and standalone.simple_decompress(packed).tobytes() == column.tobytes()
        return len(packed)

    total = by_hand = 0
    declared = []
    for table in feed.tables:
        times = packed_size(numpy.array([time for _, time, _ in table.rows], numpy.int64))
        total, by_hand = total + times, by_hand + times
        for name in table.numbers:
            values = [value(token) for token in table.column(name) if token is not None]
            column = numpy.array(values, types[table.fields[name]])
            column_size = packed_size(column)
            integers = decimal_integers(table, name, column)
            total += column_size
            by_hand += column_size if integers is None else packed_size(integers)
            declared += [name] if integers is not None else []
    lines = []
    for name, count, what in (
            ("pcodec", total, "numbers as they are"),
            ("pcodec, decimals", by_hand, f"decimals made integers beforehand ({', '.join(declared) or 'none'})")):
        lines.append(Line(
            name, pcodec.__version__, count, strings=False, tags=False, times=True, statistics=False, index=False,
            how=f"level 8, {what}; each column whole, sorted by tags, time; no file format, and nothing tells which "
                "row lacks a value", trouble="" if whole else "what was read back differs"))
    return lines
