"""A value is what a receiver decodes from it, at its owner too; one that has no such form is refused with its path."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum
from fractions import Fraction
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accompanist.errors import AuthorError
from accompanist.language import direct
from accompanist.language.program.program import Choreography
from accompanist.language.values import codec
from accompanist.language.values.wire import as_sent, kept_apart
from tests.language.programs import ROOT, World, text


class Level(IntEnum):
    LOW = 1


@dataclass(frozen=True)
class Price:
    amount: float
    level: int = 0
    due: float = 0  # an int, as it stands here


@dataclass(frozen=True)
class Grows:
    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", self.n + 1)


@dataclass
class Draft:
    words: list[str]
    more: dict[str, list[int]] = field(default_factory=dict)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "kind", "seen"),
    [
        (1, float, "1.0"),
        (Level.LOW, int, "1"),
        ((1, 2), tuple[float, ...], "(1.0, 2.0)"),
        ([Level.LOW], list[int], "[1]"),
        ({"b": 1, "a": 2}, dict[str, float], "{'a': 2.0, 'b': 1.0}"),
        (Price(1, Level.LOW), Price, "Price(amount=1.0, level=1, due=0.0)"),
        (bytearray(b"x"), bytes, "b'x'"),
    ],
)
def test_a_value_has_the_type_that_is_declared(value: Any, kind: Any, seen: str) -> None:
    assert repr(as_sent(value, kind)) == seen


def test_a_time_zone_is_an_offset_as_it_is_after_a_journey() -> None:
    made = as_sent(datetime(2024, 3, 30, 12, tzinfo=BERLIN), datetime)
    assert made + timedelta(days=1) == datetime(2024, 3, 31, 11, tzinfo=UTC)  # in the zone it would be an hour less


def test_an_hour_that_comes_twice_is_the_one_that_was_meant() -> None:
    for fold in (0, 1):
        given = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=fold)
        assert as_sent(given, datetime).astimezone(UTC) == given.astimezone(UTC)


@pytest.mark.parametrize(
    ("value", "kind", "where"),
    [
        (2**53 + 1, float, "`$`"),
        (Price(2**53 + 1), Price, "`$.amount`"),
        ((1.0, 2**60 + 1), tuple[float, ...], "`$[1]`"),
        ({"a": Price(0, True)}, dict[str, Price], "`$[...].level`"),
        (True, int, "`$`"),
        ({1: "x", "1": "y"}, dict[str, str], "`$`"),
        (Grows(1), Grows, "another one each time it is read"),
        (time(12, tzinfo=BERLIN), time, "`$`"),
        (datetime(1890, 1, 1, tzinfo=BERLIN), datetime, "`$`"),  # 53 minutes and 28 seconds from Greenwich
        ("x", int, "`$`"),
    ],
)
def test_a_value_without_a_form_that_says_the_same_is_refused_with_its_path(value: Any, kind: Any, where: str) -> None:
    with pytest.raises(codec.EncodeError) as refused:
        as_sent(value, kind)
    assert where.strip("`") in refused.value.text or kind is int
    assert "2024" not in refused.value.text


@pytest.mark.slow
def test_what_is_not_sent_may_be_of_any_size() -> None:
    many = tuple(range(400_000))
    assert as_sent(many, tuple[float, ...])[-1] == 399_999.0
    assert as_sent(2**70, int) == 2**70  # it could not be sent, and where it is, that is said


def test_a_pure_function_writes_into_copies() -> None:
    def spoil(draft: Draft, rows: list[list[int]]) -> int:
        draft.words.append("x")
        draft.more["y"] = [1]
        rows[0].append(1)
        return len(rows[0])

    draft, rows = Draft(["a"]), [[0]]
    assert kept_apart(spoil)(draft, rows=rows) == 2
    assert (draft, rows) == (Draft(["a"]), [[0]])


def test_a_pure_function_gives_no_iterator() -> None:
    with pytest.raises(AuthorError, match="gives a zip"):
        kept_apart(lambda xs: zip(xs, xs, strict=True))((1, 2))
    assert kept_apart(lambda n: Fraction(n))(2) == 2


HEAD = """\
from __future__ import annotations
import operator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Literal
from zoneinfo import ZoneInfo
from accompanist import At, Role, attempt, choreography, com, pure, query, share

class Level(IntEnum):
    LOW = 1

@dataclass(frozen=True)
class Price:
    amount: float

FIRST = Price(1)

@dataclass(frozen=True)
class Count:
    n: int
    @property
    def doubled(self) -> float:
        return self.n * 2
    @pure
    def plus(self, m: int) -> float:
        return self.n + m

@dataclass(frozen=True)
class Put:
    value: float = 0
    kind: Literal["put"] = "put"

@dataclass(frozen=True)
class Get:
    key: str
    kind: Literal["get"] = "get"

@dataclass(frozen=True)
class Named:
    d: dict[str, int]

@pure
def rate(n: int) -> float:
    return n

@pure
def turned(n: int) -> dict[str, int]:
    return {"z": n, "a": 1}

@pure
def start(n: int) -> datetime:
    return datetime(2024, 3, 30, n, tzinfo=ZoneInfo("Europe/Berlin"))

@pure
def next_day(when: datetime) -> str:
    return (when + timedelta(days=1)).isoformat()

@pure
def swept(xs: list[int]) -> int:
    operator.methodcaller("append", 99)(xs)
    return len(xs)

class R(Role):
    @query
    def see(self, text: str) -> int: ...
    @query
    def price(self, x: float) -> Price: ...

@choreography
def known(a: R, b: R, n: At[int, "a"]) -> At[str, "a", "b"]:
"""
BODIES = {
    "an int in a float field": "both = share(Price(n), to=[b])",
    "a declared name": "one: float = n\n    both = share(one, to=[b])",
    "a tuple of ints": "one: tuple[float, ...] = (n, n)\n    both = share(one, to=[b])",
    "an IntEnum": "one: int = Level.LOW if n > 0 else n\n    both = share(one, to=[b])",
    "a result": "both = share(rate(n), to=[b])",
    "a time zone": "both = share(next_day(start(n)), to=[b])\n    one = start(n)\n    two = share(one, to=[b])\n"
    "    a.see(next_day(two))\n    b.see(next_day(two))",
    "the largest of nothing": "both = share(max([x.amount for x in [Price(n)] if n > 99], default=0), to=[b])",
    "a part": "both = share(Price(n).amount, to=[b])",
    "a property": "both = share(Count(n).doubled, to=[b])",
    "a method": "one = Count(n).plus(1)\n    both = share(one, to=[b])",
    "a constant": "both = share(FIRST if n == 1 else Price(2), to=[b])",
    "a part of a constant": "both = share(FIRST.amount if n == 1 else 0.5, to=[b])",
    "a union of messages": 'one: Put | Get = Put(n) if n == 1 else Get("x")\n    both = share(one, to=[b])',
    "what is tried": "both = share(attempt(Price(10 // n)), to=[b])",
    "what a condition assigns": "if (one := share(Price(n), to=[b])).amount > 0:\n        a.see(str(one))\n"
    "    both = one",
    "an element": "xs: tuple[float, ...] = (n, 2)\n    both = share(xs[0], to=[b])",
    "a default": "com(n, to=b)\n    both = share(Put().value, to=[b])",
    "what a library writes": "xs = list(share((n, n), to=[b]))\n    a.see(str(swept(xs)))\n    both = tuple(xs)",
}


def module_of(source: str) -> ModuleType:
    module = ModuleType("file")
    sys.modules["file"] = module
    exec(compile(source, "file", "exec"), vars(module))
    return module


@pytest.mark.parametrize("what", BODIES)
def test_all_owners_see_what_arrives(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"    {BODIES[what]}\n    a.see(repr(both))\n    b.see(repr(both))\n    return repr(both)\n"
    compiled = text(HEAD + body)
    assert compiled.ok, compiled.diagnostics
    [choreography] = compiled.choreographies
    monkeypatch.setitem(sys.modules, "file", module_of(HEAD + body))
    for n in (1, 2):
        seen = _seen(choreography, n)
        assert seen["a"][-1] == seen["b"][-1], seen
        assert seen["a"][-1] == seen["direct"][-1]


@pytest.mark.parametrize(
    "made",
    [
        '{"z": n, "a": 1}',
        "{10: n, 9: 1, n: 2}",
        '{one: n for one in ["z", "a"]}',
        'Named({"z": n, "a": 1}).d',
        "turned(n)",
    ],
)
def test_a_dict_has_the_order_of_its_keys_where_it_is_made_and_where_it_arrives(
    made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"""    d = {made}
    there = com(d, to=b)
    a.see(str(d) + str(list(d)) + str([one for one in d]) + str(list(d.items())))
    b.see(str(there) + str(list(there)) + str([one for one in there]) + str(list(there.items())))
    return share(str(d), to=[b])
"""
    compiled = text(HEAD + body)
    assert compiled.ok, compiled.diagnostics
    [choreography] = compiled.choreographies
    monkeypatch.setitem(sys.modules, "file", module_of(HEAD + body))
    seen = _seen(choreography, 1)
    assert seen["a"] == seen["b"] == seen["direct"]


def _seen(choreography: Choreography, n: int) -> dict[str, list[str]]:
    def ask(role: str, site: str, operation: str, given: Any) -> tuple[str, Any]:
        return "replied", 0

    world = World(choreography, {"n": n}, ask, 0).run()
    told = direct.run(choreography, {"n": n}, ask)
    assert world.results["a"] == world.results["b"] == told.result
    seen = {role: [given["text"] for who, _, _, given in world.calls if who == role] for role in ("a", "b")}
    return seen | {"direct": [call.arguments["text"] for call in told.calls if call.role == "a"]}


CARD = "card 4111"


@dataclass(frozen=True)
class Checked:
    number: Any

    def __post_init__(self) -> None:
        if self.number == CARD:
            raise ValueError(self.number)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f"{CARD}\udc80", str),
        ({f"{CARD}\udc80": 1}, dict[str, int]),
        ({(CARD, 1): 2}, dict[str, int]),
        ({1: CARD, "1": CARD}, dict[str, str]),
        ({CARD: True}, dict[str, int]),
        ({CARD: Fraction(1, 3)}, dict[str, float]),
        ([CARD, CARD], tuple[str]),
        ([CARD, {CARD}], list[Any]),
        ({"number": CARD}, Checked),
        (CARD, int),
        (CARD, Level),
        (CARD.encode(), datetime),
    ],
)
def test_what_says_why_a_value_is_refused_holds_nothing_of_it(value: Any, kind: Any) -> None:
    """It becomes the reason of a saga, which others are told, and which logs and spans hold."""
    for refuse in (lambda: as_sent([value], list[kind]), lambda: codec.encode(value)):
        try:
            refuse()
        except codec.EncodeError as problem:
            assert CARD not in f"{problem} {problem.text} {problem.hint}"
    with pytest.raises(codec.EncodeError):
        as_sent([value], list[kind])


@pytest.mark.slow
def test_no_choreography_depends_on_how_texts_are_hashed() -> None:
    """The same programs, read directly in processes that hash texts otherwise."""
    script = (
        "from accompanist.language import direct\n"
        "from tests.language.programs import MUST_PASS, must_pass\n"
        "for name in MUST_PASS:\n"
        "    choreography, module = must_pass(name)\n"
        "    for given in module.ARGUMENTS:\n"
        "        told = direct.run(choreography, given, direct.workers(module.WORKERS))\n"
        "        print(name, told.result, [(one.role, one.site, dict(one.arguments)) for one in told.calls])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) > 50
