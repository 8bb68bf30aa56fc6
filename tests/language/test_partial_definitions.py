"""Which @pure functions are said to be able to raise by what else their module defines: defaults, classes, decorators,
exceptions. What is refused raises in Python for some values, what is accepted never does."""

from __future__ import annotations

import itertools

import pytest

from accompanist.language.text.diagnostic import render
from tests.language.programs import text

HEAD = """\
import functools
import math
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, EnumMeta
from accompanist import At, Role, choreography, pure, transaction

DEFINED

@pure
def made(n: int, s: str, w: list[str], d: dict[str, int], day: date, when: datetime) -> object:
    BODY

class R(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

@choreography
def name(
    a: R, n: At[int, "a"], s: At[str, "a"], w: At[list[str], "a"], d: At[dict[str, int], "a"], day: At[date, "a"],
    when: At[datetime, "a"],
) -> None:
    a.pay()
    a.tell(str(made(n, s, w, d, day, when)))
"""
VALUES = {
    "n": "0, 1, 3",
    "s": "'', '7', 'x', '2024-02-29', 'nan'",
    "w": "[], ['1'], ['nan', '3']",
    "d": "{}, {'7': 1}",
    "day": "date(2024, 2, 29),",
    "when": "datetime(2024, 2, 29, 1),",
}
DATES = "@pure\ndef days(day: date, start: date = %s) -> int:\n    return (day - start).days"
CLASS = "@dataclass(frozen=True)\nclass T:\n    d: date = %s"
BELOW = (
    "%s\n@dataclass(frozen=True)\nclass Of(T):\n    d: date = %s\n@pure\ndef start(one: T) -> date:\n    return one.d"
)
LINE = "@dataclass(frozen=True)\nclass Line:\n    price: int = 0\n    @pure\n    def plus(self, n: int) -> int:\n"
LINE += "        return self.price + n"
FIRST = "@pure\ndef first(d: dict[str, int]) -> int:\n    %s"
NUMBERS = "try:;     found = %s; except Exception:;     return []"
PARSED = (
    "@pure\ndef parsed(s: str) -> float:\n    try:\n        return float(s)\n    except ValueError:\n        return 0.0"
)
OPEN = "@dataclass(frozen=True)\nclass Open:\n    rate: float = %s"
TIER = "def no(one, other):\n    return False\nclass Tier(Enum):\n    GOLD = 'gold'\n    NONE = 'none'\n    %s"
MATCH = "match Tier.GOLD if n else Tier.NONE:;     case Tier.GOLD:;         y = 1;     case Tier.NONE:;         y = 2"
MATCH += "; return y"
SPLIT = "def odd(made):\n    return lambda n: 1 // n\n"
META = "class Meta(type):\n    def __call__(cls, n):\n        return 1 // n\n"
PART = "def other(one, *others):\n    return str(1 // one.n)\n@dataclass(frozen=True)\nclass Part:\n    n: int\n    %s"
WORDS = "class Words(list):\n    def __len__(self):\n        return 1\n    def __getitem__(self, at):\n"
WORDS += "        raise KeyError\n"
WORDS += "@pure\ndef last(y: list[list[str]]) -> str:\n    return y[0][0] if y and y[0] else ''"
LOUD = "class Tier(str, Enum):\n    GOLD = 'gold'\n    def upper(self) -> str:\n        raise ValueError\n"
LOUD += "@pure\ndef loud(one: str) -> str:\n    return one.upper()"
RAISES = [
    (DATES % "datetime(2024, 1, 1)", "return days(day)"),
    ("START = datetime(2024, 1, 1)\n" + DATES % "START", "return days(day)"),
    (CLASS % "datetime(2024, 1, 1)", "return (T().d - day).days"),
    (CLASS % "field(default=datetime(2024, 1, 1))", "return (T().d - day).days"),
    (CLASS % "field(default_factory=lambda: datetime(2024, 1, 1))", "return (T().d - day).days"),
    (BELOW % (CLASS % "date(2024, 1, 1)", "datetime(2024, 1, 1)"), "return (start(Of()) - day).days"),
    ("", "try:;     y: date = datetime.fromisoformat(s); except ValueError:;     return 0; return (y - day).days"),
    ("", "try:;     y: date = datetime.fromisoformat(s); except Exception:;     return 0; return (y - day).days"),
    ("", "y: date = day; y = when; return (y - day).days"),
    ("", "y: date; for y in [when]:;     pass; return (y - day).days"),
    ("", "y: date; y, z = when, n; return (y - day).days"),
    ("", "y: int = 0; y = d.get(s); return y + 1"),
    (FIRST % "return d.get('7')", "return first(d) + 1"),
    (FIRST % "if d:\n        return 1", "return first(d) + 1"),
    ("", "y: list[int] = []; y = [d.get(s)]; return y[0] + 1"),
    (FIRST.replace("-> int", "-> list[int]") % "return [d.get('7')]", "return first(d)[0] + 1"),
    (
        "@pure\ndef more(n: tuple[int, ...] = (1, None)) -> int:\n    return n[1] + 1 if len(n) > 1 else 0",
        "return more()",
    ),
    ("@pure\ndef more(n: int = None) -> int:\n    return n + 1", "return more()"),
    (LINE, "try:;     y = Line(d.get(s)); except Exception:;     return 1; return y.price + 1"),
    (LINE, "return Line(1).plus(d.get(s))"),
    (
        "@pure\ndef less(one, day: date) -> date:\n    return (days(one, day))\n" + DATES % "date.min",
        "return less(when, day)",
    ),
    ("", f"{NUMBERS % 'list(map(float, w))'}; return [round(one) for one in found]"),
    ("", f"{NUMBERS % 'list(map(float, w))'}; return list(map(round, found))"),
    ("", f"{NUMBERS % 'list(map(lambda one: float(one), w))'}; return list(map(round, found))"),
    ("", f"{NUMBERS % 'dict(zip(w, map(float, w)))'}; return sum(int(one) for one in found.values())"),
    ("", f"{NUMBERS % 'list(map(Decimal, w))'}; return sorted(found)"),
    (PARSED, "return [round(one) for one in map(parsed, w)]"),
    ("", f"{NUMBERS % 'dict(key=float(s))'}; return round(found['key'] if 'key' in found else 0.0)"),
    ("BIG = 1e308 * 10", "return round(BIG)"),
    ("HALF = 1e308\nBIG = (HALF + HALF, 1)", "return round(BIG[0])"),
    (OPEN % "1e999", "return round(Open().rate)"),
    ("BIG = 1e308 * 10\n" + OPEN % "BIG", "return round(Open().rate)"),
    ("class ValueError(Exception):\n    pass", "try:;     return int(s); except ValueError:;     return 0"),
    ("KeyError = IndexError", "try:;     return d[s]; except KeyError:;     return 0"),
    ("Exception = IndexError", "try:;     return d[s]; except Exception:;     return 0"),
    ("if True:\n    len = lambda one: 1", "return w[0] if len(w) > 0 else ''"),
    ("@pure\ndef same(n: int) -> int:\n    return n\nif True:\n    same = lambda n: 1 // n", "return same(n)"),
    ("@pure\ndef same(n: int) -> int:\n    return n\ndel same", "return same(n)"),
    ("MOST = 3\nfor MOST in (0,):\n    pass", "return n // MOST"),
    (
        META.replace("__call__(cls", "__instancecheck__(cls") + "class Part(metaclass=Meta):\n    pass",
        "return isinstance(n, Part)",
    ),
    ("from math import *", "return pow(n, 10**400)"),
    (TIER % "__eq__ = no", MATCH),
    (TIER % "if True:\n        __eq__ = no", MATCH),
    (SPLIT + "@odd\n@pure\ndef part(n: int) -> int:\n    return n", "return part(n)"),
    (SPLIT + "@odd\n@dataclass(frozen=True)\nclass Part:\n    n: int", "return Part(n).n"),
    (META + "@dataclass(frozen=True)\nclass Part(metaclass=Meta):\n    n: int", "return Part(n).n"),
    ("@functools.cache\n@pure\ndef count(w: list[str]) -> int:\n    return len(w)", "return count(w)"),
    (PART % "__eq__ = other", "return Part(n) == Part(n)"),
    (PART % "if True:\n        __str__ = other", "return str(Part(n))"),
    (PART % "__post_init__ = other", "return Part(n).n"),
    ("class Part:\n    def __init__(self, n):\n        1 // n", "Part(n); return 1"),
    ("class Part(int):\n    pass", "Part(s); return 1"),
    (WORDS, "y: list[str] = Words(w); return y[0] if y else ''"),
    (WORDS, "try:;     y: list[str] = Words(w); except Exception:;     return ''; return y[0] if y else ''"),
    (WORDS, "try:;     y = [Words(w)]; except Exception:;     return ''; return last(y)"),
    (LOUD, "return loud(Tier.GOLD)"),
]
NEVER_RAISES = [
    (
        "@dataclass(frozen=True)\nclass Warning:\n    n: int\n@pure\ndef of(one: Warning) -> int:\n    return one.n",
        "return of(Warning(n))",
    ),
    ("", "y: int | None = d.get(s); if y is None:;     y = 0; z: int = y; return z + y"),
    ("MOST = 3\nif __name__ == '__main__':\n    MOST = 0", "return n // MOST"),
    ("from accompanist import *", "return w[0] if len(w) > 0 else ''"),
    (TIER % "LOW = 'gold'", MATCH),
    ("@functools.lru_cache(maxsize=9)\n@pure\ndef one(n: int) -> int:\n    return n", "return one(n)"),
    ("class Part:\n    pass", "Part(); return 1"),
    (LOUD.replace("def upper", "def higher"), "return loud(Tier.GOLD)"),
    ("", "return [round(one) for one in map(float, [n, n])]"),
    ("", "return round(max([n / 7], key=float, default=0.0))"),
    (PARSED, "return [str(one) for one in map(parsed, w)]"),
    ("BIG = 1e3 + 1e3", "return round(BIG)"),
    (OPEN % "1e30", "return round(Open().rate)"),
    (DATES % "date(2024, 1, 1)", "return days(day)"),
    ("START = date(2024, 1, 1)\n" + DATES % "START", "return days(day)"),
    (CLASS % "date(2024, 1, 1)", "return (T().d - day).days"),
    (BELOW % (CLASS % "date(2024, 1, 1)", "date(2024, 2, 1)"), "return (start(Of()) - day).days"),
    ("", "try:;     y: date = date.fromisoformat(s); except ValueError:;     return 0; return (y - day).days"),
    ("", "y: date = max([day], default=day); return (y - day).days"),
    ("", "y: date | None = None; for one in [day]:;     y = one; return y"),
    ("", "y: list[int | None] = [d.get(s)]; z: dict[str, list[float]] = {s: [n]}; return y, z"),
    (
        "@pure\ndef more(n: tuple[int, str] = (1, ''), k: tuple[int, ...] = ()) -> int:\n    return n[0]",
        "return more()",
    ),
    (FIRST % "return d.get('7') or 0", "return first(d) + 1"),
    ("@pure\ndef rate(n: Decimal = 0, k: float = 1) -> Decimal:\n    return n", "return rate()"),
    ("@pure\ndef found(n: int | None = None) -> int:\n    return n or 0", "return found() + found(d.get(s))"),
    (LINE, "return Line(1).plus(d.get(s, 0))"),
]


def program(defined: str, body: str) -> str:
    return HEAD.replace("DEFINED", defined).replace("BODY", body.replace("; ", "\n    "))


def raised(defined: str, body: str) -> set[str]:
    """What Python raises with some of the values."""
    known: dict[str, object] = {}
    found: set[str] = set()
    exec(program(defined, body).partition("class R(Role)")[0], known)
    made = known["made"]
    assert callable(made)
    for values in itertools.product(*(eval(f"({written},)".replace(",,", ","), known) for written in VALUES.values())):
        try:
            made(*values)
        except Exception as problem:
            found.add(type(problem).__name__)
    return found


def said(defined: str, body: str) -> list[str]:
    found = text(program(defined, body)).diagnostics
    assert {one.code for one in found} <= {"ACC159"}, "\n".join(map(render, found))
    return [one.text for one in found]


@pytest.mark.parametrize(("defined", "body"), RAISES)
def test_it_may_raise(defined: str, body: str) -> None:
    assert raised(defined, body) != set()
    assert len(said(defined, body)) == 1


@pytest.mark.parametrize(("defined", "body"), NEVER_RAISES)
def test_it_never_raises(defined: str, body: str) -> None:
    assert raised(defined, body) == set()
    assert said(defined, body) == []


def test_a_truth_is_no_number_that_is_given_or_handed_on() -> None:
    """Where it is sent it is refused in each run; what a function gives is sent as what it is declared."""
    more = "@pure\ndef more(n: int) -> int:\n    return n"
    assert len(said(more, "return more(n > 1)")) == 1
    assert len(said(more.replace("return n", "return n > 1"), "return more(n)")) == 1
    assert said(more, "return more(int(n > 1))") == []
