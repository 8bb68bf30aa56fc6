"""Which @pure functions are said to be able to raise behind the commit point, laid beside what Python does with them.

A function is accepted only if each of its statements and expressions is of a form that is read exactly. So each of what
is accepted here is also called with many values, and never raises.
"""

from __future__ import annotations

import itertools

import pytest

from accompanist.language.text.diagnostic import render
from tests.effort import calls
from tests.language import given_pure, given_pure_total
from tests.language.programs import text

HEAD = """\
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum, IntEnum, StrEnum
from accompanist import At, Role, choreography, pure, transaction

CENT = Decimal("0.01")
HOUR = timedelta(hours=1)

class Tier(Enum):
    GOLD = "gold"
    NONE = "none"

class Level(IntEnum):
    LOW = 0
    HIGH = 5

class Odd(IntEnum):
    ONE = 1
    def __add__(self, other: int) -> str:
        return "odd"

class Colour(StrEnum):
    RED = "red"

@dataclass(frozen=True)
class Line:
    price: int = 0
    text: str = ""
    maybe: int | None = None
    tier: Tier = Tier.GOLD

@dataclass(frozen=True)
class Total:
    cents: int = 0
    line: Line = Line()
    rate: float = 1e308
    def __post_init__(self) -> None:
        if self.cents < 0:
            raise ValueError("negative")

@dataclass(frozen=True)
class Rates:
    one: int = 0
    @staticmethod
    @pure
    def get(n: int) -> int:
        return 1 // n
    @classmethod
    @pure
    def find(cls, n: int) -> int:
        return 1 // n

@pure
def find(m: list[Line]) -> Line | None:
    return m[0] if m else None

@pure
def some(m: list[Line]) -> list[Line] | None:
    return m or None

@pure
def net(q: Decimal) -> Decimal:
    return q

@pure
def pair(n: int) -> tuple[int, int]:
    return n, n

@pure
def days(one: date, other: date) -> int:
    return (one - other).days

@pure
def later(one: date) -> date:
    return datetime.combine(one, time())

@pure
def parsed(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0

@pure
def near(number: float) -> int:
    return round(number)

@dataclass(frozen=True)
class Parsed:
    text: str
    @property
    def number(self) -> float:
        return parsed(self.text)
    @pure
    def near(self, number: float) -> int:
        return round(number)

@dataclass(frozen=True)
class Stay:
    start: date
    @pure
    def nights(self, end: date) -> int:
        return (end - self.start).days

@dataclass(frozen=True)
class Open:
    number: int
    rate: float = math.inf

@pure
def ends(number: int, rate: float = math.inf) -> int:
    return round(number * rate)

MADE
class R(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

@choreography
def name(a: R, PARAMETERS) -> None:
    a.pay()
    a.tell(str(made(GIVEN)))
"""
TYPES = {
    "n": "int",
    "s": "str",
    "x": "list[int]",
    "y_": "list[int]",
    "w": "list[str]",
    "p": "list[tuple[int, int]]",
    "rows": "list[list[int]]",
    "d": "dict[str, int]",
    "di": "dict[int, int]",
    "nest": "dict[str, dict[int, int]]",
    "q": "Decimal",
    "qs": "list[Decimal]",
    "ln": "Line",
    "m": "list[Line]",
    "total": "Total",
    "when": "datetime",
    "start": "date",
    "end": "date",
    "span": "timedelta",
    "lv": "Level",
    "lvs": "list[Level]",
    "odd": "Odd",
    "colour": "Colour",
}
VALUES = {
    "n": "0, 1, -2, 300",
    "s": "'', '7', 'x', 'a=b;c', '-1', 'nan', '1' * 400",
    "x": "[], [0], [1, 2], [3, -1, 5, 7]",
    "y_": "[], [4], [0, 2, 5]",
    "w": "[], ['a'], ['ab', 'c', 'cde']",
    "p": "[], [(1, 2), (0, 0)]",
    "rows": "[], [[]], [[1], [2]], [[1, 2], [3, 4]]",
    "d": "{}, {'7': 1, 'x': 0}, {'a': 5}",
    "q": "Decimal(0), Decimal('-9e999999'), Decimal('9e999999')",
    "ln": "Line(), Line(1, 'x', 3, Tier.NONE)",
    "m": "[], [Line(1, 'a'), Line(1, 'b')], [Line(1, 'a', 2), Line(1, 'a', None, Tier.NONE)]",
    "total": "Total(), Total(3, Line(1))",
    "start": "date.min, date(2024, 2, 29)",
    "end": "date.max, date(2024, 2, 29)",
    "qs": "[], [Decimal(3), Decimal('0.005'), Decimal('-1')], [Decimal(5)] * 99, [Decimal('9e999999')] * 2",
    "span": "timedelta.max, timedelta.min, timedelta(), timedelta(hours=-3)",
    "lv": "Level.LOW, Level.HIGH",
    "lvs": "[], [Level.LOW, Level.HIGH, Level.LOW]",
    "colour": "Colour.RED, Colour.RED",
}


ALWAYS_RAISES = ("return replace()", "return len()", "return len(obj=w)", "return reversed()", "return sorted(w, w)")


def rows(table: str) -> list[tuple[str, str]]:
    split = (line.partition(": ") for line in table.strip().splitlines())
    return [(names, body) for names, _, body in split]


def program(names: str, body: str) -> str:
    of = [f"{name}: {TYPES[name]}" for name in names.split(",")]
    at = ", ".join(f'{name}: At[{TYPES[name]}, "a"]' for name in names.split(","))
    made = f"@pure\ndef made({', '.join(of)}):\n    " + body.replace("; ", "\n    ") + "\n"
    return HEAD.replace("MADE", made).replace("PARAMETERS", at).replace("GIVEN", names)


def said(names: str, body: str) -> list[str]:
    found = text(program(names, body)).diagnostics
    codes = {one.code for one in found}
    lazy = codes == {"ACC135"}  # the text of what is gone through only once is refused before anything else
    if body in ALWAYS_RAISES:  # said before it is asked where it stands, beside what is lazy
        return [one.text for one in found if one.code == "ACC184"]
    assert lazy or codes <= {"ACC159"}, "\n".join(map(render, found))
    return [one.text for one in found]


@pytest.mark.slow
@pytest.mark.parametrize(("names", "body"), rows(given_pure.MAY_RAISE))
def test_it_may_raise(names: str, body: str) -> None:
    assert len(said(names, body)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("names", "body"), rows(given_pure_total.NEVER_RAISES))
def test_it_never_raises(names: str, body: str) -> None:
    assert said(names, body) == []
    known: dict[str, object] = {}
    exec(program(names, body).partition("class R(Role)")[0], known)
    made = known["made"]
    assert callable(made)
    for values in itertools.product(*(eval(f"({VALUES[name]},)", known) for name in names.split(","))):
        made(*values)


def test_the_line_of_a_format_is_told() -> None:
    (found,) = said("n", "y = n; return f'{y:c}'")
    line = 1 + program("n", "y = n; return f'{y:c}'").splitlines().index("    return f'{y:c}'")
    assert f"in line {line})" in found


@pytest.mark.parametrize(
    ("names", "body", "instead"),
    [
        ("s", "return int(s) if s.isdecimal() else 0", "int(s) if s.isdecimal() and len(s) < 19 else …"),
        ("x,n", "y = x[n]; return y", "x[n] if 0 <= n < len(x) else …"),
        ("x", "return max(x)", "max(x, default=…)"),
        ("n", "for i in range(n):;     n -= 100 // i; return n", "100 // i if i != 0 else …"),
    ],
)
def test_what_never_raises_is_told_with_its_line(names: str, body: str, instead: str) -> None:
    (found,) = said(names, body)
    assert f", where `{instead}` never raises" in found
    part = instead.partition(" if ")[0].replace(", default=…", "")
    assert said(names, body.replace(part, f"({instead.replace('…', '0')})")) == []


@pytest.mark.parametrize(
    ("names", "body", "words"),
    [
        ("w", "return list(map(float, w))", "`[float(one) if one.isdecimal() else … for one in w]` never raises"),
        ("w", "one = w; return sorted(one, key=float)", "`key=lambda item: float(item) if item.isdecimal() else …`"),
        ("x", "return list(map(divmod, x, x))", "an item of x may be zero, in line"),
        ("n", "return int(min([n / 2], default=math.inf))", "`int(min([n / 2], default=math.inf)) if -1000000000"),
        ("s", "each = 1; return list(map(round, map(parsed, [s] * each)))", "for one in map(parsed, [s] * each)]`"),
    ],
)
def test_what_is_written_instead_has_names_that_its_author_can_write(names: str, body: str, words: str) -> None:
    (found,) = said(names, body)
    assert words in found


@pytest.mark.parametrize(
    ("names", "body", "instead", "written"),
    [
        (
            "w",
            "g = defaultdict(list); return g",
            "groups.setdefault(…, []).append(…)",
            "g.setdefault('a', []).append(1)",
        ),
        ("w", "g = Counter(w); return g", "counts[…] = counts.get(…, 0) + 1", "g['a'] = g.get('a', 0) + 1"),
    ],
)
def test_a_dict_is_told_in_the_place_of_another_kind(names: str, body: str, instead: str, written: str) -> None:
    (found,) = said(names, body)
    assert f"where `{instead}` never raises" in found
    assert said(names, f"g = {{}}; {written}; return g") == []


def test_a_whole_number_is_told_to_be_made_a_decimal() -> None:
    (found,) = said("q", "return q.quantize(CENT, rounding=ROUND_HALF_UP) if -9 < q < 9 else q")
    instead = "Decimal(q).quantize(CENT, rounding=ROUND_HALF_UP)"
    assert f"where `{instead}` never raises" in found
    assert said("q", f"return {instead} if -9 < q < 9 else q") == []


def test_next_in_a_choreography_is_told_what_to_write() -> None:
    (found,) = text(program("x", "return 0").replace("str(made(x))", "str(next((i for i in x), 0))")).diagnostics
    assert (found.code, str(found.hint)) == ("ACC110", "found = [… for … in …], and found[0] if found else …")


def test_an_operator_of_a_class_is_told_to_be_none_that_is_read() -> None:
    (found,) = said("ln", "return ln + ln")
    assert "what an operator does with Line is not read, in line" in found


def row_of_functions(count: int) -> str:
    first = "@pure\ndef f0(n: int) -> int:\n    return n\n\n"
    others = (f"@pure\ndef f{at}(n: int) -> int:\n    return f{at - 1}(n) + 1\n\n" for at in range(1, count))
    return first + "".join(others)


@pytest.mark.slow
def test_a_long_row_of_functions_is_read() -> None:
    calls = program("n", "return f399(n)").replace("@pure\ndef made", f"{row_of_functions(400)}@pure\ndef made")
    assert text(calls).diagnostics == ()


@pytest.mark.slow
def test_twice_as_many_early_returns_are_about_twice_the_work() -> None:
    def read(count: int) -> None:
        guards = "; ".join(f"if s == 'k{at}':;     return 100 // n if n else {at}" for at in range(count))
        assert said("s,n", f"{guards}; return 0") == []

    read(1)
    assert calls(lambda: read(100)) < 2.4 * calls(lambda: read(50))


def test_a_function_of_python_is_no_value_in_a_choreography() -> None:
    for value, name in (("str(len)", "len"), ("max(x, default=0, key=str)", "str")):
        (found,) = text(program("x", "return 0").replace("str(made(x))", f"str({value})")).diagnostics
        assert (found.code, found.text) == ("ACC131", f"{name} is a function, and no value in a choreography")
        assert found.hint == f"call it: {name}(…); as a key: lambda one: {name}(one)"


@pytest.mark.parametrize(
    ("names", "body", "words"),
    [
        ("s", "return Tier[s].value", "s may be the name of no member of Tier"),
        ("x", "return mean(x)", "where `sum(x) / len(x) if x else …` never raises"),
        ("start", "return start.strftime('%d.%m.')", 'f"{start.day:02}.{start.month:02}." is, and is alike'),
        ("s", "return re.match('a', s)", "re.match is none of the functions that are read: methods of texts are"),
        ("s", "return int(s) if s.isdigit() else 0", "isdigit is true of '²', too, which int refuses"),
        ("w", "first, *rest = w; return first", "there may be fewer than 1 value for the names on the left"),
    ],
)
def test_it_says_why(names: str, body: str, words: str) -> None:
    (found,) = said(names, body)
    assert words in found
