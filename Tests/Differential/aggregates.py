"""The aggregate functions, each with the SQL that says the same: add a line here and it is compared from then on."""

from dataclasses import dataclass
from typing import Callable

NUMBERS = ("float", "int", "uint")
ANY = NUMBERS + ("bool", "string", "tag")


@dataclass
class Aggregate:
    #: The call, with {x} for its argument.
    tql: str
    #: The same in SQL: {x} is the argument, {y} the second one, {f} what stands behind every aggregate, {p} "is there
    #: and asked for".
    sql: str
    takes: tuple = NUMBERS
    #: The type of the answer: a word, or made of the argument's.
    gives: object = "float"
    #: Whether both sides give the same bits.
    exact: bool = False
    #: Whether equal times of several rows would make it ambiguous.
    needs_times: bool = False
    #: Whether the argument has to be a column, where the exactness of the sum is at stake.
    weight: int = 2

    @property
    def name(self):
        return self.tql.split("(")[0]

    def type(self, argument):
        return self.gives(argument) if isinstance(self.gives, Callable) else self.gives


def pairs(call, varying):
    """A function of two columns in SQL: null below two rows that have both, and where a column of `varying` does not
    vary."""
    both = "FILTER (WHERE {x} IS NOT NULL AND {y} IS NOT NULL AND {w})"
    varies = "".join(f" AND min({each}) {both} < max({each}) {both}" for each in varying)
    return f"CASE WHEN count(*) {both} > 1{varies} THEN {call} {both} END"


def same(argument):
    return "string" if argument == "tag" else argument


AGGREGATES = [
    Aggregate("count()", "count(*){f}", (None,), "int", True, weight=5),
    Aggregate("count({x})", "count({x}){f}", ANY, "int", True, weight=4),
    Aggregate("sum({x})", "sum({x}){f}", ("int",), same, True, weight=4),
    # Decimals have at most three digits; their sum is exact, and rounded once.
    Aggregate("sum({x})", "sum({x}::DECIMAL(30, 3)){f}::DOUBLE", ("decimal",), "float", True, weight=6),
    Aggregate("mean({x})", "avg({x}::DOUBLE){f}", weight=5),
    Aggregate("min({x})", "min({x}){f}", ANY, same, True, weight=4),
    Aggregate("max({x})", "max({x}){f}", ANY, same, True, weight=4),
    Aggregate("first({x})", "arg_min({x}, time){p}", ANY, same, True, needs_times=True, weight=3),
    Aggregate("last({x})", "arg_max({x}, time){p}", ANY, same, True, needs_times=True, weight=3),
    Aggregate("spread({x})", "(max({x}){f} - min({x}){f})", NUMBERS, same, True),
    Aggregate("stddev({x})", "stddev_samp({x}::DOUBLE){f}"),
    Aggregate("var({x})", "var_samp({x}::DOUBLE){f}"),
    Aggregate("median({x}, exact)", "quantile_cont({x}::DOUBLE, 0.5){f}"),
    Aggregate("p95({x}, exact)", "quantile_cont({x}::DOUBLE, 0.95){f}"),
    Aggregate("p90({x}, disc)", "quantile_disc({x}, 0.9){f}", NUMBERS, same),
    Aggregate("quantile({x}, 0.25, exact)", "quantile_cont({x}::DOUBLE, 0.25){f}"),
    Aggregate("quantile({x}, 0.75, disc)", "quantile_disc({x}, 0.75){f}", NUMBERS, same),
    Aggregate("distinct({x}, exact)", "count(DISTINCT {x}){f}", ANY, "int", True),
    Aggregate("min_at({x})", "(min({{'a': {x}, 'b': time}}){p}).b", NUMBERS, "time", True, needs_times=True),
    Aggregate("max_at({x})", "-(max({{'a': {x}, 'b': -time}}){p}).b", NUMBERS, "time", True, needs_times=True),
    Aggregate("corr({x}, {y})", pairs("corr({x}::DOUBLE, {y}::DOUBLE)", ["{x}", "{y}"])),
    Aggregate("covar({x}, {y})", pairs("covar_samp({x}::DOUBLE, {y}::DOUBLE)", [])),
    Aggregate(
        "mode({x})",
        "list_min([e.key for e in map_entries(histogram({x}){p})"
        " if e.value = list_max(map_values(histogram({x}){p}))])", ANY, same, True, weight=1),
]
