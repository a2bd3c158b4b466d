"""Functions that run along rows, which are window functions in SQL."""

from data import TAGS
from expressions import Column
from grids import Length

NUMBERS = ("float", "int", "uint")


class Running:
    """Stages `set w = …` of a builder. A row without a value counts for none of the others of its group."""

    def run_along_series(self):
        """Along the stored rows of each series."""
        self.run(list(TAGS), "time", None)

    def run_along_table(self):
        """Along the rows of an aggregation: of each group in time, of a table without times as they stand."""
        if not self.is_plain:
            return
        if self.has_windows:
            self.run([column.sql for column in self.group_columns], "time, _o", "time")
        else:
            self.run([], "_o", "true")

    def run(self, keys, order, window):
        """
        :param keys: what tells the groups apart
        :param window: what tells the rows apart that are ranked against each other; None where none are
        """
        rng = self.rng
        fits = [column for column in self.columns if column.exact and not column.hidden and column.name != "time"]
        if not fits:
            return
        column = rng.choice(fits)
        value, type = column.sql, column.type
        has_times = order != "_o"

        def over(frame=""):
            frame = f" ROWS BETWEEN {frame}" if frame else ""
            return f"OVER (PARTITION BY {', '.join(keys + [f'{value} IS NULL'])} ORDER BY {order}{frame})"

        before = f"lag({value}) {over()}"
        count = rng.choice([1, 2, 3, 5, 12])
        kinds = ["lag"]
        if type != "time":
            kinds.append("changed")
        if type in NUMBERS:
            kinds += ["diff", "diff", "cumsum", "moving_mean", "moving_median", "cross", "zscore"]
            if has_times:
                kinds.append("deriv")
        if type == "time":
            kinds.append("diff")
        if window and (type in NUMBERS or type == "time"):
            kinds += ["rank", "rank"]
        if window and type in ("int", "uint"):
            kinds.append("share")
        kind = rng.choice(kinds)
        call, gives, exact = f"{kind}({column.name})", "string" if type == "tag" else type, True
        match kind:
            case "lag":
                call = f"lag({column.name}, {count})" if count > 1 or self.chance(0.5) else call
                sql = f"lag({value}, {count}) {over()}"
            case "changed":
                sql, gives = f"({value} != {before})", "bool"
            case "diff":
                gives = {"float": "float", "time": "duration"}.get(type, "int")
                sql = f"({value} - {before})" if gives != "int" else f"({value}::HUGEINT - {before})::BIGINT"
            case "cumsum":
                exact = type != "float"
                total = f"{'sum' if exact else 'fsum'}({value}) {over('UNBOUNDED PRECEDING AND CURRENT ROW')}"
                sql = total if not exact else f"({total})::{'BIGINT' if type == 'int' else 'UBIGINT'}"
            case "moving_mean" | "moving_median":
                call, gives, exact = f"{kind}({column.name}, {count})", "float", False
                function = {"moving_mean": "avg", "moving_median": "median"}[kind]
                sql = f"{function}({value}::DOUBLE) {over(f'{count - 1} PRECEDING AND CURRENT ROW')}"
            case "cross":
                level = rng.choice([0, 3, 5, 50])
                call, gives = f"cross({column.name}, {level})", "int"
                sql = f"(({value} >= {level})::BIGINT - ({before} >= {level})::BIGINT)"
            case "zscore":
                count = rng.choice([3, 5, 12])
                call, gives, exact = f"zscore({column.name}, {count})", "float", False
                frame = over(f"{count} PRECEDING AND 1 PRECEDING")
                low, high = [f"{function}({value}) {frame}" for function in ("min", "max")]
                sql = (
                    f"CASE WHEN count({value}) {frame} >= {min(count, 5)} THEN CASE WHEN {low} != {high}"
                    f" THEN ({value}::DOUBLE - avg({value}::DOUBLE) {frame}) / stddev_samp({value}::DOUBLE) {frame}"
                    f" WHEN {value} = {low} THEN 0 END END")
            case "deriv":
                unit = Length(*rng.choice([(1, "m"), (1, "h")]))
                call, gives, exact = f"deriv({column.name}, {unit.text})", "float", False
                sql = f"({value}::DOUBLE - {before}) / (time - lag(time) {over()})::DOUBLE * {unit.exact}"
            case "rank":
                down = type in ("float", "int") and self.chance(0.5)
                call, gives = f"rank({'-' if down else ''}{column.name})", "int"
                partition = f"PARTITION BY {window}, {value} IS NULL"
                sql = f"rank() OVER ({partition} ORDER BY {value}{' DESC' if down else ''})"
            case "share":
                gives, exact = "float", False
                sql = f"({value}::DOUBLE / nullif(sum({value}) OVER (PARTITION BY {window}), 0))"
        sql = f"CASE WHEN {value} IS NOT NULL THEN {sql} END"
        if exact and gives in NUMBERS and self.chance(0.15):
            # A condition sees the rows that reach the stage.
            level = rng.choice([0, 1, 3])
            self.stages.append(f"where {call} > {level}")
            self.relation(f"SELECT *, {sql} AS _w FROM {self.last}")
            self.relation(f"SELECT * EXCLUDE _w FROM {self.last} WHERE _w > {level}")
            return
        self.named += 1
        made = Column(f"w{self.named}", gives, exact, loose=not exact)
        self.stages.append(f"set {made.name} = {call}")
        self.relation(f"SELECT *, {sql} AS {made.sql} FROM {self.last}")
        self.columns = self.columns + [made]
