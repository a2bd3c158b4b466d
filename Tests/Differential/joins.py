"""The stages `join` and `left`: rows of a second aggregation beside those of the first."""

from expressions import Column
from grids import Length


class Joins:
    def join(self):
        before = len(self.relations)
        if not self.is_plain or not self.join_another():
            del self.relations[before:]

    def join_another(self):
        """Whether there was something to join."""
        rng = self.rng
        other = type(self)(rng, self.data)
        other.relations = self.relations
        # So that no two columns that got their names here are called the same by chance alone.
        other.named = self.named if self.chance(0.7) else 0
        other.zone, other.decimals, other.has_repeated_times = self.zone, {"a", "b"}, False
        left = self.last
        other.source()
        other.row_stages()
        known = {column.name: column for column in other.columns}
        by = [known[column.name] for column in self.group_columns if column.name in known]
        by = [column for column in by if column.type in ("tag", "string", "bool")]
        if by and self.chance(0.2):
            by = rng.sample(by, rng.randint(1, len(by)))
        same = (self.every, self.over) if self.has_windows and self.chance(0.7) else None
        if same and (other.end - other.start) / same[0].rough() > 1500:
            return False
        other.aggregate(by=by or None, every=same, has_windows=same is not None or self.chance(0.3))
        while self.chance(0.2):
            rng.choice([other.filter, other.run_along_table])()
        right = self.last
        mine = {column.name: column for column in self.group_columns}
        shared = [column.name for column in other.group_columns if column.name in mine]
        both = self.has_windows and other.has_windows
        is_whole = not self.group_columns and not other.group_columns
        is_near = both and self.chance(0.25)
        if shared and self.chance(0.4):
            # So that many rows match one.
            chosen = rng.sample(shared, rng.randint(1, len(shared)))
            clause = " on " + ", ".join(chosen)
        elif shared or is_whole and both:
            chosen, clause = shared, ""
        else:
            chosen = None
        if both and not is_near and (chosen is None or self.chance(0.1)):
            chosen = (chosen or []) + ["time"]
            clause = " on " + ", ".join(chosen)
        if chosen is None:
            return False
        keys = list(chosen)
        if both and not is_near and "time" not in keys:
            keys.append("time")
        on = " AND ".join(f'l."{key}" = r."{key}"' for key in keys) or "true"
        word = rng.choice(["join", "left"])
        if is_near:
            longest = Length(*rng.choice([(30, "m"), (1, "h"), (0, "s"), (3, "d")]))
            clause += f" within {longest.text}"
            length = longest.rough()
            on += f" AND r.time >= l.time AND r.time - l.time <= {length}"
        self.stages.append(f"{word} ({' | '.join(other.stages)}){clause}")
        taken = {column.name for column in self.columns}

        def free(name):
            called, number = name, 2
            while called in taken:
                called, number = f"{name}_{number}", number + 1
            taken.add(called)
            return called

        columns = list(self.columns)
        values = [f"l.{column.sql}" for column in self.columns]
        if is_near:
            gap = Column(free("gap"), "duration")
            values.append(f"r.time - l.time AS {gap.sql}")
            columns.append(gap)
        groups = list(self.group_columns)
        for column in other.columns:
            if column.hidden or column.name in keys:
                continue
            given = Column(free(column.name), column.type, column.exact, loose=column.loose)
            values.append(f"r.{column.sql} AS {given.sql}")
            columns.append(given)
            if any(each.name == column.name for each in other.group_columns):
                groups.append(given)
        kind = "LEFT JOIN" if word == "left" else "JOIN"
        self.relation(
            f"SELECT {', '.join(values)}, l._o AS _l, r._o AS _r,"
            f" row_number() OVER (PARTITION BY l._o ORDER BY {'r.time, ' if is_near else ''}r._o) AS _n"
            f" FROM {left} l {kind} {right} r ON {on}")
        if is_near:
            self.relation(f"SELECT * FROM {self.last} WHERE _n = 1")
        self.number("_l, _n", "* EXCLUDE (_l, _r, _n)")
        self.columns, self.group_columns, self.named = columns, groups, max(self.named, other.named)
        # A time that came from the other side alone is a value as any other.
        self.is_plain = self.has_windows or not other.has_windows
        return True
