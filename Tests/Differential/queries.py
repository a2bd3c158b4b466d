"""Random queries: each is one text of the language and the SQL that should give the same rows."""

from dataclasses import dataclass, field

from aggregates import AGGREGATES
from comparisons import Comparisons
from data import FIELDS, TAGS
from expressions import Column, Expressions
from grids import DAY, Length, text, windows, zone
from joins import Joins
from running import Running

#: No zone of Việt Nam before 1976: there Tram keeps to UTC+7.
ZONES = ["+07:00", "+07:00", "UTC", "Europe/Berlin", "America/New_York"]
MOST_WINDOWS = 1500


@dataclass
class Case:
    tql: str
    sql: str
    zone: str
    #: What the columns are called, in their order.
    names: list
    #: Whether both sides give the same bits, by column.
    exact: list
    #: Whether a column's last bits are those of larger values, by column.
    loose: list


@dataclass
class Builder(Running, Joins, Comparisons):
    """Puts the two texts together, stage by stage. Every relation has `_o`, the place of its row."""

    rng: object
    data: object
    stages: list = field(default_factory=list)
    relations: list = field(default_factory=list)
    columns: list = field(default_factory=list)
    #: How many columns got a name made up for them.
    named: int = 0

    def relation(self, sql):
        self.relations.append(sql)

    @property
    def last(self):
        return f"r{len(self.relations) - 1}"

    def expressions(self):
        return Expressions(self.rng, self.columns, (self.data.first, self.data.last))

    def chance(self, share):
        return self.rng.random() < share

    def listed(self):
        return ", ".join(column.sql for column in self.columns)

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def source(self):
        rng, data = self.rng, self.data
        span = data.last - data.first
        self.start, self.end = data.first - DAY, data.last + DAY
        kind = rng.randrange(5)
        if kind == 0:
            written = "all"
        elif kind == 1:
            self.start = data.first + rng.randrange(span)
            written = f"{text(self.start)}.."
        else:
            self.start = data.first + rng.randrange(-DAY, span)
            self.end = self.start + max(1, rng.randrange(span) // rng.choice([1, 1, 10]))
            if rng.random() < 0.5:
                self.start -= self.start % (3600 * 10**9)
            written = f"{text(self.start)}..{text(self.end)}"
        self.is_open = kind < 2
        self.is_half_open = kind == 1
        self.columns = [Column("time", "time")] + [Column(name, "tag") for name in TAGS]
        self.columns += [Column(name, kind) for name, (kind, _) in FIELDS.items()]
        condition = ("", "true")
        if self.chance(0.6):
            condition = self.expressions().condition()
        self.base = len(self.relations)
        head = f"{data.measurement}[{written}]"
        if condition[0]:
            head += f" where {condition[0]}"
        self.stages.append(head)
        self.relation(
            f"SELECT *, time AS _o FROM {data.measurement} WHERE time >= {self.start} AND time < {self.end}"
            f" AND {condition[1]}")

    def row_stages(self):
        while self.chance(0.25):
            if self.chance(0.2):
                self.run_along_series()
            elif self.chance(0.5):
                self.filter()
            else:
                self.set(self.rng.choice(["x", "y", "b"]))

    def raw(self):
        """Rows as they are stored."""
        names = [column.name for column in self.columns if column.name != "time" and column.name != "_o"]
        chosen = ["time"] + self.rng.sample(names, self.rng.randint(1, len(names)))
        self.select(chosen)
        if self.chance(0.3):
            self.sort()
        if self.chance(0.7):
            self.limit()

    def unpivot_rows(self):
        """Fields of one type become rows, which an aggregation by their names takes up."""
        type = self.rng.choice(["float", "int"])
        names = [name for name, (kind, _) in FIELDS.items() if kind == type]
        fields = [column for column in self.columns if column.name in names and column.type == type]
        if len(fields) < 2:
            return
        gone = {column.name for column in fields}
        self.stages.append("unpivot " + ", ".join(sorted(gone)))
        kept = [column for column in self.columns if column.name not in gone]
        parts = [
            f"SELECT {', '.join(column.sql for column in kept)}, _o, '{each.name}' AS field, {each.sql} AS value"
            f" FROM {self.last} WHERE {each.sql} IS NOT NULL" for each in fields]
        self.relation(" UNION ALL ".join(parts))
        self.columns = kept + [Column("field", "string"), Column("value", type)]
        self.has_repeated_times = True

    # --- Aggregation --------------------------------------------------------------------------------------------------

    def grid(self):
        """A window clause and its windows, or None."""
        rng = self.rng
        choices = [(5, "m"), (15, "m"), (1, "h"), (1, "h"), (7, "m"), (6, "h"), (1, "d"), (1, "d"), (2, "d"), (1, "w"),
                   (1, "mo"), (1, "q")]
        for _ in range(6):
            every = Length(*rng.choice(choices))
            over = None
            if self.chance(0.25):
                over = Length(*rng.choice([(30, "m"), (20, "m"), (3, "h"), (12, "h"), (1, "d"), (3, "d")]))
                if over.rough() > every.rough() * 40 or over.rough() < every.rough():
                    continue
            if (self.end - self.start) / every.rough() > MOST_WINDOWS:
                continue
            return self.grid_of(every, over)
        return None

    def grid_of(self, every, over):
        self.every, self.over = every, over
        clause = f" every {every.text}" + (f" over {over.text}" if over else "")
        return clause, windows(every, over, zone(self.zone), self.start, self.end)

    def aggregate_item(self, used, plain_times):
        """One aggregate call: (tql, sql, type, exact, name where it needs none)."""
        rng = self.rng
        expressions = self.expressions()
        for _ in range(30):
            choice = rng.choices(AGGREGATES, [each.weight for each in AGGREGATES])[0]
            if choice.needs_times and not plain_times:
                continue
            call, filter = choice.tql, "true"
            sql_argument = ""
            argument_type, exact, short = None, choice.exact, None
            if choice.takes != (None,):
                fits = [
                    column for column in expressions.columns
                    if column.type in choice.takes or (choice.takes == ("decimal",) and column.name in self.decimals)]
                if not fits:
                    continue
                column = rng.choice(fits)
                tql_argument, sql_argument, argument_type = column.name, column.sql, column.type
                exact = exact and column.exact
                short = column.name
                if "float" in choice.takes and "bool" not in choice.takes and self.chance(0.15):
                    computed = expressions.number(1)
                    if computed and computed[2] in choice.takes and choice.name not in ("min_at", "max_at"):
                        tql_argument, sql_argument, argument_type = computed
                        exact, short = False, None
                call = call.replace("{x}", tql_argument)
            other = ""
            if "{y}" in call:
                second = rng.choice([each for each in expressions.columns if each.type in choice.takes])
                call, other, short = call.replace("{y}", second.name), second.sql, None
            where = ""
            if self.chance(0.15):
                condition = expressions.condition(1)
                where, filter = f" where ({condition[0]})", condition[1]
            present = f"{filter} AND {sql_argument} IS NOT NULL" if sql_argument else filter
            sql = choice.sql.format(
                x=sql_argument, y=other, w=filter, f="" if filter == "true" else f" FILTER (WHERE {filter})",
                p=f" FILTER (WHERE {present})")
            return call + where, sql, choice.type(argument_type), exact, choice.name, short
        return "count()", "count(*)", "int", True, "count", None

    def names(self, calls, taken):
        """Which calls get a name of their own, and what the others' columns are called: after the function where it
        stands once without a name, else after function and field."""
        is_named = [self.chance(0.3) for _ in calls]
        while True:
            called = [None] * len(calls)
            for place, (tql, _, _, _, function, short) in enumerate(calls):
                if is_named[place]:
                    continue
                others = [at for at, call in enumerate(calls) if call[4] == function and not is_named[at]]
                is_plain = len(others) == 1 or tql.startswith("count()")
                called[place] = function if is_plain else f"{function}_{short}" if short else None
                if called[place] is None or called[place] in taken or called[place] in called[:place]:
                    is_named[place] = True
                    break
            else:
                return is_named, called

    def aggregate(self, has_windows=True, plain_times=True, by=None, every=None, may_compare=False):
        """An aggregation, by the columns `by` and in the windows `every`, (every, over), where they are given."""
        rng = self.rng
        groups = [column for column in self.columns if column.type in ("tag", "string", "bool")]
        by = by or rng.sample(groups, min(len(groups), rng.choice([0, 0, 1, 1, 2, 2])))
        if "field" in [column.name for column in self.columns] and not any(each.name == "field" for each in by):
            by = by[:1] + [column for column in groups if column.name == "field"]
        grid = self.grid_of(*every) if every else self.grid() if has_windows and self.chance(0.6) else None
        shift = self.shift(grid) if may_compare and self.chance(0.15) else None
        items, outputs = [], []
        calls = [self.aggregate_item(outputs, plain_times) for _ in range(rng.choice([1, 1, 2, 3, 4]))]
        if shift:
            # The percents of what is not exact are those of its last bits where it is near 0.
            calls = [call for call in calls if call[3]] or [("count()", "count(*)", "int", True, "count", None)]
        taken = {column.name for column in by} | {"time", "partial"}
        is_named, called = self.names(calls, taken)
        for number, (call, named) in enumerate(zip(calls, is_named)):
            tql, sql, type, exact, function, short = call
            name = called[number]
            if named:
                if number > 0 and not shift and self.chance(0.4) and type in ("float", "int") \
                        and calls[0][2] in ("float", "int"):
                    other = calls[0]
                    operator = rng.choice("+-/")
                    if operator == "/":
                        sql = f"({sql}::DOUBLE / nullif({other[1]}::DOUBLE, 0))"
                    else:
                        sql = f"({sql} {operator} {other[1]})"
                    tql = f"({tql}) {operator} ({other[0]})"
                    type = "float" if operator == "/" or "float" in (type, other[2]) else "int"
                    exact = False
                self.named += 1
                name = f"c{self.named}"
                tql = f"{name} = {tql}"
            taken.add(name)
            items.append(tql)
            outputs.append((Column(name, type, exact), sql))
        if not items:
            items.append("n0 = count()")
            outputs.append((Column("n0", "int"), "count(*)"))
        stage = ", ".join(items)
        keys = [column.sql for column in by]
        if by:
            stage += " by " + ", ".join(column.name for column in by)
        values = [f"{sql} AS {column.sql}" for column, sql in outputs]
        names = [column for column, _ in outputs]
        by = [Column(column.name, column.type) for column in by]
        lead = [Column("time", "time")] * (grid is not None) + by
        rows_name = self.last
        if grid is None:
            self.group(keys, values, rows_name)
            self.columns = by + names
        else:
            stage += grid[0]
            partial = [
                not self.is_open and (low < self.start or high > self.end)
                or self.is_half_open and low < self.start for low, high in grid[1]]
            grid_name = self.group(
                keys, values, rows_name, [(low, high, cut, low) for (low, high), cut in zip(grid[1], partial)])
            # Within the aggregates `time` is the row's.
            self.columns = lead + names + [Column("partial", "bool", hidden=True)]
            if not shift and not self.is_open and len(grid[1]) * 6 ** len(by) < 3000 and self.chance(0.3):
                stage += self.fill(by, names, grid_name)
        if shift:
            stage += f" vs {shift.text}"
            self.compare(shift, lead, names, keys, values, rows_name, grid and grid[1])
        self.stages.append(stage)
        order = [f"{column.sql} NULLS LAST" for column in by] + ([] if grid is None else ["time"])
        self.number(", ".join(order) or "1")
        self.group_columns, self.has_windows = by, grid is not None
        self.is_plain = True

    def group(self, keys, values, rows_name, grid=None):
        """The relation of an aggregation, in windows (start, end, whether it is cut, time shown) where they are given.

        Returns the name of the windows' relation.
        """
        if grid is None:
            sql = f"SELECT {', '.join(keys + values)} FROM {rows_name}"
            self.relation(sql + (f" GROUP BY {', '.join(keys)}" if keys else ""))
            return None
        rows = ", ".join(map(str, grid))
        self.relation(f"SELECT * FROM (VALUES {rows}) AS w(ws, we, cut, shown)")
        grid_name = self.last
        self.relation(
            f"SELECT {', '.join(['w.shown AS time'] + keys + values + ['w.cut AS partial'])} FROM {grid_name} w"
            f" JOIN {rows_name} AS m ON m.time >= w.ws AND m.time < w.we GROUP BY "
            + ", ".join(["w.shown", "w.cut"] + keys))
        return grid_name

    def fill(self, by, outputs, grid_name):
        """Rows for the windows of each group that have none."""
        kind = self.rng.choice(["null", "prev", "prev", "0"])
        found = self.last
        groups = f"SELECT DISTINCT {', '.join(c.sql for c in by)} FROM {found}" if by else "SELECT 1 AS one"
        same = "".join(f" AND f.{c.sql} IS NOT DISTINCT FROM g.{c.sql}" for c in by)
        if kind == "0" and not any(column.type in ("float", "int", "uint") for column in outputs):
            kind = "null"
        values = []
        for column in outputs:
            value = f"f.{column.sql}"
            if kind == "prev":
                partition = "PARTITION BY " + ", ".join(f"g.{c.sql}" for c in by) if by else ""
                value = (
                    f"(last_value(CASE WHEN f.time IS NOT NULL THEN {{'v': {value}}} END IGNORE NULLS) OVER"
                    f" ({partition} ORDER BY w.ws ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)).v")
            elif kind == "0" and column.type in ("float", "int", "uint"):
                value = f"CASE WHEN f.time IS NULL THEN 0 ELSE {value} END"
            values.append(f"{value} AS {column.sql}")
        keys = [f"g.{c.sql}" for c in by]
        self.relation(
            f"SELECT {', '.join(['w.ws AS time'] + keys + values + ['w.cut AS partial'])} FROM {grid_name} w"
            f" CROSS JOIN ({groups}) g LEFT JOIN {found} f ON f.time = w.ws{same}")
        return f" fill {kind}"

    # --- Tables -------------------------------------------------------------------------------------------------------

    def number(self, order, source="*"):
        self.relation(f"SELECT {source}, row_number() OVER (ORDER BY {order}) AS _o FROM {self.last}")

    def filter(self):
        tql, sql = self.expressions().condition()
        self.stages.append(f"where {tql}")
        self.relation(f"SELECT * FROM {self.last} WHERE {sql}")

    def filter_whole(self):
        if any(column.name == "partial" for column in self.columns):
            self.stages.append("where not partial")
            self.relation(f"SELECT * FROM {self.last} WHERE NOT partial")

    def set(self, name):
        computed = self.expressions().number(2)
        if computed is None:
            return
        self.stages.append(f"set {name} = {computed[0]}")
        is_known = any(column.name == name for column in self.columns)
        self.relation(
            f'SELECT *{" REPLACE" if is_known else ""} '
            + (f'({computed[1]} AS "{name}")' if is_known else f', {computed[1]} AS "{name}"')
            + f" FROM {self.last}")
        made = Column(name, computed[2], False)
        if is_known:
            self.columns = [made if column.name == name else column for column in self.columns]
        else:
            self.columns = self.columns + [made]
        self.decimals = self.decimals - {name}

    def select(self, names=None):
        shown = [column.name for column in self.columns if not column.hidden]
        names = names or self.rng.sample(shown, self.rng.randint(1, len(shown)))
        self.is_plain = False
        self.stages.append("select " + ", ".join(names))
        self.columns = [column for name in names for column in self.columns if column.name == name]
        self.relation(f"SELECT {self.listed()}, _o FROM {self.last}")

    def drop(self):
        shown = [column for column in self.columns if not column.hidden]
        if len(shown) < 2:
            return
        gone = self.rng.choice(shown)
        self.is_plain = False
        self.stages.append(f"drop {gone.name}")
        self.columns = [column for column in self.columns if column is not gone]
        self.relation(f"SELECT {self.listed()}, _o FROM {self.last}")

    def exact_columns(self, *types):
        return [
            column for column in self.columns if column.exact and not column.hidden
            and (not types or column.type in types)]

    def sort(self):
        fits = self.exact_columns()
        if not fits:
            return
        keys = self.rng.sample(fits, min(len(fits), self.rng.randint(1, 2)))
        signs = [self.rng.choice(["", "-"]) for _ in keys]
        self.stages.append("sort " + ", ".join(sign + key.name for sign, key in zip(signs, keys)))
        order = [f"{key.sql} {'DESC' if sign else 'ASC'} NULLS LAST" for sign, key in zip(signs, keys)]
        self.number(", ".join(order + ["_o"]), "* EXCLUDE _o")

    def limit(self):
        count = self.rng.choice([1, 5, 30, 200])
        self.stages.append(f"limit {count}")
        self.relation(f"SELECT * FROM {self.last} ORDER BY _o LIMIT {count}")

    def top(self):
        fits = self.exact_columns("float", "int", "uint")
        if not fits:
            return
        ranked = self.rng.choice(fits)
        word, order = self.rng.choice([("top", "DESC"), ("bottom", "ASC")])
        count = self.rng.randint(1, 6)
        by = []
        groups = self.exact_columns("tag", "string", "bool")
        if groups and self.chance(0.3):
            by = [self.rng.choice(groups)]
        stage = f"{word} {count} {ranked.name}"
        partition = ""
        if by:
            stage += f" by {by[0].name}"
            partition = f"PARTITION BY {by[0].sql} "
        self.stages.append(stage)
        # A group appears where its first row stood, which may have had nothing to rank.
        first = f"min(_o) OVER ({partition.rstrip()})" if by else "0"
        self.relation(f"SELECT *, {first} AS _g FROM {self.last}")
        self.relation(
            f"SELECT *, row_number() OVER ({partition}ORDER BY {ranked.sql} {order}, _o) AS _r FROM {self.last}"
            f" WHERE {ranked.sql} IS NOT NULL")
        self.relation(f"SELECT * FROM {self.last} WHERE _r <= {count}")
        self.number("_g, _r", "* EXCLUDE (_o, _g, _r)")

    def unpivot(self):
        numbers = [column for column in self.columns if column.type in ("float", "int") and not column.hidden
                   and not column.loose]
        if len(numbers) < 2 or any(column.name in ("field", "value") for column in self.columns):
            return
        chosen = self.rng.sample(numbers, 2)
        self.is_plain = False
        self.stages.append("unpivot " + ", ".join(column.name for column in chosen))
        kept = [column for column in self.columns if column not in chosen]
        type = chosen[0].type if chosen[0].type == chosen[1].type else "float"
        cast = {"float": "::DOUBLE", "int": "::BIGINT"}[type]
        parts = [
            f"SELECT {', '.join([column.sql for column in kept] + [''])}'{each.name}' AS field,"
            f" {each.sql}{cast} AS value, _o * 2 + {place} AS _o FROM {self.last} WHERE {each.sql} IS NOT NULL"
            for place, each in enumerate(chosen)]
        self.relation(" UNION ALL ".join(parts))
        self.columns = kept + [
            Column("field", "string"), Column("value", type, all(column.exact for column in chosen))]

    def second(self):
        """An aggregation over the rows of the first."""
        self.decimals = set()
        self.aggregate(has_windows=False, plain_times=False)

    STEPS = ["filter", "filter", "filter_whole", "set_z", "sort", "sort", "top", "limit", "select", "drop", "unpivot",
             "second", "run_along_table", "run_along_table", "run_along_table", "join", "join"]

    def set_z(self):
        self.set("z")

    def build(self):
        rng = self.rng
        self.zone = rng.choice(ZONES)
        self.decimals = {"a", "b"}
        self.has_repeated_times = self.is_plain = False
        self.source()
        self.row_stages()
        if self.chance(0.12):
            self.raw()
        else:
            if self.chance(0.15):
                self.unpivot_rows()
            self.aggregate(plain_times=not self.has_repeated_times, may_compare=True)
            while self.chance(0.5):
                getattr(self, rng.choice(self.STEPS))()
        if self.chance(0.2):
            self.stages.insert(rng.randint(1, len(self.stages)), f'tz "{self.zone}"')
            zone_given = rng.choice(ZONES)
        else:
            zone_given = self.zone
        shown = [column for column in self.columns if not column.hidden]
        relations = ",\n".join(f"r{number} AS ({sql})" for number, sql in enumerate(self.relations))
        sql = f"WITH {relations}\nSELECT {', '.join(c.sql for c in shown)} FROM {self.last} ORDER BY _o"
        return Case(" | ".join(self.stages), sql, zone_given, [c.name for c in shown], [c.exact for c in shown],
                    [c.loose for c in shown])


def query(rng, data):
    return Builder(rng, data).build()
