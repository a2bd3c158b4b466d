"""The clause `vs`: the same aggregation over rows of an earlier time, beside that of now."""

import re
from datetime import timedelta

from expressions import Column
from grids import DAY, SECOND, Length, to_instant, to_local, windows, zone

NUMBERS = ("float", "int", "uint")


class Comparisons:
    def shift(self, grid):
        """How far back to look; None where the windows have no equals there."""
        if self.is_open or grid and self.every.months:
            return None
        lengths = [(1, "d"), (1, "w"), (3, "d")]
        if self.zone in ("UTC", "+07:00"):
            lengths += [(1, "h"), (6, "h"), (45, "m")]
        elif grid and not (self.every.text == "1d" or self.every.exact and DAY % self.every.exact == 0):
            return None
        return Length(*self.rng.choice(lengths))

    def back(self, instant, shift):
        """The instant so long before, on the local calendar."""
        if shift.exact:
            return instant - shift.exact
        local = to_local(instant, zone(self.zone)) - timedelta(days=shift.days)
        return to_instant(local, zone(self.zone)) + instant % SECOND

    def compare(self, shift, lead, outputs, keys, values, rows_name, grid):
        """
        :param lead: columns of window and groups
        :param outputs: columns of the aggregates
        :param rows_name: the relation that is aggregated
        :param grid: (start, end) of the windows
        """
        now = self.last
        # The rows of that time, by the same stages.
        stop = int(rows_name[1:]) + 1
        first, last = self.back(self.start, shift), self.back(self.end, shift)
        moved = len(self.relations) - self.base
        for number in range(self.base, stop):
            sql = re.sub(r"\br(\d+)\b", lambda name: f"r{int(name[1]) + moved}", self.relations[number])
            if number == self.base:
                written = f"time >= {self.start} AND time < {self.end}"
                assert written in sql
                sql = sql.replace(written, f"time >= {first} AND time < {last}", 1)
            self.relation(sql)
        past_rows = self.last
        past_grid = None
        if grid is not None:
            ends = None
            if self.zone not in ("UTC", "+07:00"):
                ends = dict(windows(self.every, self.over, zone(self.zone), first, last))
            past_grid = []
            for low, high in grid:
                start = self.back(low, shift)
                end = self.back(high, shift) if ends is None else ends.get(start)
                if end is not None:
                    past_grid.append((start, end, False, low))
            past_grid = past_grid or [(0, 0, False, 0)]
        self.group(keys, values, past_rows, past_grid)
        shown = [f"n.{column.sql}" for column in lead]
        self.columns = list(lead)
        for column in outputs:
            shown += [f"n.{column.sql}", f'p.{column.sql} AS "{column.name}_vs"']
            self.columns += [column, Column(f"{column.name}_vs", column.type, column.exact)]
            if column.type in NUMBERS:
                shown.append(
                    f"100 * (n.{column.sql}::DOUBLE - p.{column.sql}::DOUBLE) / nullif(p.{column.sql}::DOUBLE, 0)"
                    f' AS "{column.name}_pct"')
                self.columns.append(Column(f"{column.name}_pct", "float", False, loose=True))
        if grid is not None:
            shown.append("n.partial")
            self.columns.append(Column("partial", "bool", hidden=True))
        on = " AND ".join(f"n.{column.sql} IS NOT DISTINCT FROM p.{column.sql}" for column in lead) or "true"
        self.relation(f"SELECT {', '.join(shown)} FROM {now} n LEFT JOIN {self.last} p ON {on}")
