"""Random expressions, each as the language and as SQL write it."""

from dataclasses import dataclass

from data import TAGS, WORDS
from grids import text

NUMBERS = ("float", "int", "uint")
PATTERNS = ["^h[1-3]$", "a", "^[bn]", "[xXđ]e?", "(A|c).", "^.$", "h(1|5)", "à|ắ", "\\d", "[^0-9]+"]


@dataclass
class Column:
    name: str
    type: str
    #: Whether both sides give the same bits, so that rows may be ordered by it.
    exact: bool = True
    #: Whether it is given out at all, or only when named.
    hidden: bool = False
    #: Whether its last bits are those of the largest values that went into it. Nothing is computed from it.
    loose: bool = False

    @property
    def sql(self):
        return f'"{self.name}"'


def quoted(text):
    """A text as the language writes it: a quote written twice stands for one, a backslash for itself."""
    return '"' + text.replace('"', '""') + '"'


def sql_text(text):
    return "'" + text.replace("'", "''") + "'"


class Expressions:
    """Makes expressions over the columns of one step."""

    def __init__(self, rng, columns, constants=None):
        self.rng = rng
        self.columns = [column for column in columns if not column.hidden and not column.loose]
        self.constants = constants

    def of_type(self, *types):
        return [column for column in self.columns if column.type in types]

    # --- Numbers: (tql, sql, type) ------------------------------------------------------------------------------------

    def constant(self, column):
        """A number in the region of a column's values, which hardly any computed value equals."""
        rng = self.rng
        if column.type in ("int", "uint"):
            # Mostly one that such a field may well have.
            sizes = {"i": [12], "u": [1000], "n": [10**9]}.get(column.name, [12, 1000, 10**9])
            size = rng.choice(sizes * 4 + [12])
            value = rng.randrange(size) * rng.choice([1, 1, -1] if column.name != "i" else [1])
            return (str(max(value, 0)),) * 2 if column.type == "uint" else (f"{value}", f"({value})")
        value = round(rng.uniform(-50, 150), rng.choice([0, 1, 2]))
        value = value if column.exact else value + 0.000371
        return f"{value}", f"({value})::DOUBLE"

    def number(self, depth=0):
        """A number of some column, or computed from several; None where there are no numbers."""
        rng = self.rng
        plain = self.of_type("float", "int")
        if not plain:
            return None
        column = rng.choice(plain)
        if depth == 0 or rng.random() < 0.3:
            return column.name, column.sql, column.type
        left = self.number(depth - 1)
        kind = rng.randrange(9)
        if kind < 4:
            right = self.number(depth - 1)
            operator = "+-*/"[kind]
            if operator == "*" and left[2] == right[2] == "int":
                operator = "+"
            type = "float" if operator == "/" or "float" in (left[2], right[2]) else "int"
            sql = f"({left[1]} {operator} {right[1]})"
            if operator == "/":
                sql = f"({left[1]}::DOUBLE / nullif({right[1]}::DOUBLE, 0))"
            return f"({left[0]} {operator} {right[0]})", sql, type
        if kind == 4:
            divisor = rng.choice([7, 10, 3])
            if left[2] == "int":
                return f"({left[0]} % {divisor})", f"({left[1]} % {divisor})", "int"
            return f"float({left[0]})", f"{left[1]}::DOUBLE", "float"
        if kind == 5:
            return f"abs({left[0]})", f"abs({left[1]})", left[2]
        if kind == 6:
            return f"-{left[0]}", f"(-{left[1]})", left[2]
        if kind == 7:
            condition = self.condition(1)
            right = self.number(0)
            if right[2] != left[2]:
                left, right = [(f"float({each[0]})", f"{each[1]}::DOUBLE", "float") for each in (left, right)]
            tql = f"if({condition[0]}, {left[0]}, {right[0]})"
            return tql, f"CASE WHEN {condition[1]} THEN {left[1]} ELSE {right[1]} END", left[2]
        other = {"int": ("0", "0"), "float": ("0.5", "0.5::DOUBLE")}[left[2]]
        return f"coalesce({left[0]}, {other[0]})", f"coalesce({left[1]}, {other[1]})", left[2]

    # --- Conditions: (tql, sql) ---------------------------------------------------------------------------------------

    def condition(self, depth=2):
        rng = self.rng
        if depth > 0 and rng.random() < 0.4:
            left, right = self.condition(depth - 1), self.condition(depth - 1)
            word = rng.choice(["and", "or"])
            return f"({left[0]} {word} {right[0]})", f"({left[1]} {word} {right[1]})"
        if depth > 0 and rng.random() < 0.15:
            inner = self.condition(depth - 1)
            return f"not ({inner[0]})", f"(NOT ({inner[1]}))"
        if not self.columns:
            return "true", "true"
        column = rng.choice(self.columns)
        if rng.random() < 0.12:
            word = rng.choice(["is null", "is not null"])
            return f"{column.name} {word}", f"({column.sql} {word})"
        if column.type in ("tag", "string"):
            return self.text_condition(column)
        if column.type == "bool":
            return rng.choice([
                (column.name, column.sql), (f"{column.name} = true", f"({column.sql} = true)"),
                (f"not {column.name}", f"(NOT {column.sql})"), (f"{column.name} != true", f"({column.sql} != true)")])
        if column.type == "time":
            return self.time_condition(column)
        if column.type not in NUMBERS:
            return f"{column.name} is not null", f"({column.sql} IS NOT NULL)"
        return self.number_condition(column)

    def time_condition(self, column):
        rng = self.rng
        low, high = [rng.randrange(*self.constants) if self.constants else 0 for _ in range(2)]
        if rng.random() < 0.3:
            low = low // 3_600_000_000_000 * 3_600_000_000_000
        kind = rng.randrange(5)
        if kind == 0:
            written = f"{column.name} between {text(low)} and {text(high)}"
            return written, f"({column.sql} BETWEEN {low} AND {high})"
        operator = rng.choice(["<", "<=", ">", ">=", "<", ">=", "=", "!="])
        if kind == 1:
            return f"{text(low)} {operator} {column.name}", f"({low} {operator} {column.sql})"
        return f"{column.name} {operator} {text(low)}", f"({column.sql} {operator} {low})"

    def text_condition(self, column):
        rng = self.rng
        values = TAGS.get(column.name, WORDS)
        kind = rng.randrange(6)
        if kind == 0:
            chosen = rng.sample(values, min(len(values), rng.randint(1, 3))) + ["nowhere"]
            tql, sql = ", ".join(map(quoted, chosen)), ", ".join(map(sql_text, chosen))
            return f"{column.name} in ({tql})", f"({column.sql} IN ({sql}))"
        if kind == 1:
            pattern = rng.choice(PATTERNS)
            operator, word = rng.choice([("~", ""), ("!~", "NOT ")])
            sql = f"({word}regexp_matches({column.sql}, {sql_text(pattern)}))"
            return f"{column.name} {operator} {quoted(pattern)}", sql
        value = rng.choice(values)
        if kind == 2:
            part = value[: rng.randint(1, 2)]
            function, other = rng.choice([("contains", "contains"), ("starts", "starts_with")])
            return f"{function}({column.name}, {quoted(part)})", f"{other}({column.sql}, {sql_text(part)})"
        operator = rng.choice(["=", "=", "!=", "!=", "<", ">="])
        return f"{column.name} {operator} {quoted(value)}", f"({column.sql} {operator} {sql_text(value)})"

    def number_condition(self, column):
        rng = self.rng
        kind = rng.randrange(5)
        low, high = self.constant(column), self.constant(column)
        if kind == 0:
            return f"{column.name} between {low[0]} and {high[0]}", f"({column.sql} BETWEEN {low[1]} AND {high[1]})"
        if kind == 1 and column.exact:
            return f"{column.name} in ({low[0]}, {high[0]})", f"({column.sql} IN ({low[1]}, {high[1]}))"
        if kind == 2 and (computed := self.number(1)):
            # Never at a computed value itself, where the last bit would decide.
            value = rng.uniform(-100, 100)
            operator = rng.choice(["<", ">"])
            return f"{computed[0]} {operator} {value}", f"({computed[1]} {operator} {value}::DOUBLE)"
        operators = ["=", "!=", "<", "<=", "<", ">", ">=", ">"] if column.exact else ["<", ">"]
        operator = rng.choice(operators)
        return f"{column.name} {operator} {low[0]}", f"({column.sql} {operator} {low[1]})"
