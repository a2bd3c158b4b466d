"""Random data: several series with and without tags, all types, gaps, late rows, rows written twice."""

from datetime import datetime, timedelta

from grids import DAY, EPOCH, SECOND

WORDS = ["xe", "tàu", "đò", "ghe", 'a "b"', "x,y z", "Ấp Bắc", "0"]
TAGS = {"host": ["h1", "h2", "h3", "h4", "h5", "h6"], "zone": ["bắc", "nam", "tây đô"], "kind": ["A b", "c=d"]}
#: Field → type; how often a row has it.
FIELDS = {
    "a": ("float", 0.95), "b": ("float", 0.5), "i": ("int", 0.8), "n": ("int", 0.6), "u": ("uint", 0.5),
    "ok": ("bool", 0.6), "s": ("string", 0.5),
}
SQL_TYPES = {"float": "DOUBLE", "int": "BIGINT", "uint": "UBIGINT", "bool": "BOOLEAN", "string": "VARCHAR"}
BASES = [(1969, 12, 28), (2024, 10, 24), (2024, 3, 28), (2026, 2, 25), (1900, 2, 27), (2011, 12, 28)]


class Data:
    """One set of rows. `rows` is what a table of them has at the end, by (series, time)."""

    def __init__(self, rng, measurement="m"):
        self.measurement = measurement
        base = (datetime(*rng.choice(BASES)) - EPOCH) // timedelta(seconds=1) * SECOND
        days = rng.choice([1, 3, 8, 40])
        self.first, self.last = base, base + days * DAY
        self.rows = {}
        arrivals = []
        seen = set()
        for number in range(rng.randint(4, 14)):
            tags = {key: rng.choice(values) for key, values in TAGS.items() if rng.random() < 0.75}
            key = tuple(sorted(tags.items()))
            if key in seen:
                continue
            seen.add(key)
            count = rng.choice([1, 7, 60, 300, 300, 1500, 2600])
            step = (days * DAY) // count
            own = [name for name in FIELDS if rng.random() < 0.85] or ["a"]
            level = rng.uniform(-40, 120)
            for index in range(count):
                if rng.random() < 0.1:
                    continue
                # Times differ between all series, so that the first and last of a group are one row.
                time = base + index * step + rng.randrange(max(1, step // 1_000_000)) * 1_000_000 // 2
                time = time // 1000 * 1000 + number
                level += rng.uniform(-2, 2)
                fields = {name: Data.value(rng, name, level) for name in own if rng.random() < FIELDS[name][1]}
                if fields:
                    arrivals.append((key, time, fields))
        late = [row for row in arrivals if rng.random() < 0.06]
        arrivals = [row for row in arrivals if rng.random() > 0.06]
        if rng.random() < 0.5:
            rng.shuffle(arrivals)
        else:
            arrivals.sort(key=lambda row: row[1])
        # Some rows come again with some of their fields, anew: the later one wins, field by field.
        again = []
        for key, time, fields in rng.sample(arrivals, len(arrivals) // 20):
            names = [name for name in fields if rng.random() < 0.6]
            if names:
                again.append((key, time, {name: Data.value(rng, name, level) for name in names}))
        rng.shuffle(late)
        self.arrivals = arrivals + late + again
        for key, time, fields in self.arrivals:
            self.rows.setdefault((key, time), {}).update(fields)

    @staticmethod
    def value(rng, name, level):
        """As text of line protocol would have it, but for strings."""
        if name == "a":
            return f"{level:.2f}"
        if name == "b":
            return f"{rng.uniform(-5, 5) * 10 ** rng.randrange(4):.{rng.randrange(4)}f}"
        if name == "i":
            return str(rng.randrange(12))
        if name == "n":
            return str(rng.randrange(-10**9, 10**9))
        if name == "u":
            return str(rng.randrange(1000))
        if name == "ok":
            return rng.choice(["true", "false"])
        return rng.choice(WORDS)

    def lines(self):
        """The rows as line protocol, in the order of their arrival."""
        def escaped(text):
            return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")

        def written(name, text):
            kind = FIELDS[name][0]
            if kind == "string":
                return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            return text + {"int": "i", "uint": "u"}.get(kind, "")

        for key, time, fields in self.arrivals:
            tags = "".join(f",{tag}={escaped(value)}" for tag, value in key)
            values = ",".join(f"{name}={written(name, text)}" for name, text in fields.items())
            yield f"{self.measurement}{tags} {values} {time}"

    def load(self, connection, folder):
        """Makes the table of the rows in DuckDB."""
        names = list(TAGS) + list(FIELDS)
        path = folder / f"{self.measurement}.csv"
        with open(path, "w", encoding="utf-8") as file:
            for (key, time), fields in self.rows.items():
                tags = dict(key)
                cells = [str(time)]
                for name in names:
                    text = tags.get(name, fields.get(name))
                    cells.append("" if text is None else '"' + text.replace('"', '""') + '"')
                file.write(",".join(cells) + "\n")
        types = {"time": "BIGINT"} | {name: "VARCHAR" for name in TAGS}
        types |= {name: SQL_TYPES[kind] for name, (kind, _) in FIELDS.items()}
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
        connection.execute(
            f"CREATE OR REPLACE TABLE {self.measurement} AS SELECT * FROM read_csv('{path}', columns={{{columns}}}, "
            "header=false, quote='\"', escape='\"', auto_detect=false, delim=',', nullstr='')")
