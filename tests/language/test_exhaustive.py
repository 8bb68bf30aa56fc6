"""What `check` says that cases leave out is what Python's own `match` leaves out, for random types and cases."""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from accompanist.language.normal import exhaustive
from accompanist.language.reading.annotation import type_of
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Modules
from accompanist.language.reading.names import Names
from accompanist.language.types import Type
from tests.language.programs import text

DEFINED = """
from dataclasses import dataclass
from enum import Enum
from typing import Literal
class E(Enum):
    X = 1
    Y = 2
    Z = 3
@dataclass(frozen=True)
class A:
    e: E
    b: bool
@dataclass(frozen=True)
class B:
    w: Literal["u", "v"] | None
@dataclass(frozen=True)
class D(B):
    pass
"""
SPACE: dict[str, Any] = {}
exec(DEFINED, SPACE)
E, A, B, D = (SPACE[name] for name in "EABD")
WAYS, TRUTHS = ["u", "v", None], [True, False]
VALUES: dict[str, list[Any]] = {
    "E": list(E),
    "bool": TRUTHS,
    'Literal["u", "v"] | None': WAYS,
    "A": [A(e, b) for e in E for b in TRUTHS],
    "B": [B(w) for w in WAYS],
    "A | B": [*(A(e, b) for e in E for b in TRUTHS), *(B(w) for w in WAYS)],
    "A | D": [*(A(e, b) for e in E for b in TRUTHS), *(D(w) for w in WAYS)],
    "tuple[E, bool]": list(itertools.product(E, TRUTHS)),
    'tuple[A | None, Literal["u", "v"] | None]': [
        *itertools.product([None, *(A(e, b) for e in E for b in TRUTHS)], WAYS)
    ],
}
LEAVES = {
    "e": ("E.X", "E.Y", "E.Z", "E.X | E.Y", "_", "E()"),
    "b": ("True", "False", "_", "bool()"),
    "w": ("'u'", "'v'", "None", "'u' | None", "str()", "_"),
}


def pattern(chance: random.Random, kind: str) -> str:
    def leaf(name: str) -> str:
        return chance.choice(LEAVES[name])

    def of_a() -> str:
        ways = (f"A({leaf('e')}, {leaf('b')})", f"A(b={leaf('b')})", f"A(e={leaf('e')})", "A()", "A(one, _)")
        return chance.choice(ways)

    made: dict[str, Callable[[], str]] = {
        "E": lambda: leaf("e"),
        "bool": lambda: leaf("b"),
        'Literal["u", "v"] | None': lambda: leaf("w"),
        "A": of_a,
        "B": lambda: chance.choice((f"B({leaf('w')})", f"B(w={leaf('w')})", "B()")),
        "A | B": lambda: pattern(chance, chance.choice("AB")),
        "A | D": lambda: chance.choice((of_a(), f"D({leaf('w')})", "D()", f"B({leaf('w')})", "A() | B()")),
        "tuple[E, bool]": lambda: f"{leaf('e')}, {leaf('b')}",
        'tuple[A | None, Literal["u", "v"] | None]': lambda: f"({chance.choice((of_a(), 'None', '_'))}, {leaf('w')})",
    }
    return made[kind]()


def takes(patterns: Sequence[str], guarded: Sequence[bool], value: Any) -> bool:
    """Whether Python's match takes the value. A guard may be false."""
    lines = [
        f"    case {one}{' if False' if g else ''}: taken = True" for one, g in zip(patterns, guarded, strict=True)
    ]
    space = {**SPACE, "value": value, "taken": False}
    exec("match value:\n" + "\n".join(lines), space)
    return bool(space["taken"])


def missing(kind: str, patterns: Sequence[str], guarded: Sequence[bool]) -> tuple[str, ...] | None:
    modules = Modules("/p", lambda path: DEFINED if path == "/p/m.py" else None)
    module = modules.find("m")
    assert module is not None
    names = Names(modules, Messages(modules), module, frozenset())
    lines = [f"    case {one}{' if False' if g else ''}: pass" for one, g in zip(patterns, guarded, strict=True)]
    [tree] = ast.parse("match value:\n" + "\n".join(lines)).body
    assert isinstance(tree, ast.Match)
    subject = type_of(modules, module, ast.parse(kind, mode="eval").body)
    return exhaustive.left_out(subject, tree.cases, names)


@pytest.mark.slow
@pytest.mark.parametrize("kind", VALUES)
def test_what_is_left_out_is_what_python_leaves_out(kind: str) -> None:
    whole = 0
    for seed in range(150):
        chance = random.Random(f"{kind} {seed}")
        patterns = [pattern(chance, kind) for _ in range(chance.randint(1, 7))]
        patterns = [one for at, one in enumerate(patterns) if one != "_" or at + 1 == len(patterns)]
        guarded = [chance.random() < 0.1 for _ in patterns]
        left = [value for value in VALUES[kind] if not takes(patterns, guarded, value)]
        found = missing(kind, patterns, guarded)
        assert found is not None
        assert bool(found) == bool(left), (patterns, guarded, left, found)
        for one in found:  # what is named is what a value that is left has, and what no value has that is taken
            assert any(takes([one], [False], value) for value in left), (patterns, one)
        whole += not found
    assert 5 < whole < 145


ENUMS = """
import enum
from enum import Enum, IntEnum, StrEnum, auto
LIMIT = 1
class Letters(Enum):
    A = "a"
    B = "b"
    C = A
    D = E = "b"
    F = "a" "b"
class Numbers(IntEnum):
    A = auto()
    B = 1
    C = -1
    D = - 1
    E = B
class After(enum.Enum):
    A = enum.auto()
    B = 4
    C = auto()
    D = 5
    E = 6
class Texts(StrEnum):
    A = auto()
    B = "a"
    C = "C"
class Mixed(str, Enum):
    A = "x"
    B = "x"
class Unknown(Enum):
    A = LIMIT
    B = 1
class Made(Enum):
    A = 1
    B = 1
    def __new__(cls, value):
        made = object.__new__(cls)
        made._value_ = len(cls.__members__)
        return made
"""
MADE: dict[str, Any] = {}
exec(ENUMS, MADE)


@pytest.mark.parametrize("kind", ["Letters", "Numbers", "After", "Texts", "Mixed", "Unknown", "Made"])
def test_an_alias_is_the_member_that_it_stands_for(kind: str) -> None:
    """As Python has it; where a value is not known, a name may be asked for that is none, and never the other way."""
    modules = Modules("/p", lambda path: ENUMS if path == "/p/m.py" else None)
    message = Messages(modules).find(Type(kind, "m"))
    assert message is not None
    in_python = {name: one.name for name, one in MADE[kind].__members__.items() if name != one.name}
    assert dict(message.aliases) == ({} if kind == "Unknown" else in_python)


def test_no_case_is_asked_for_an_alias() -> None:
    source = """
from enum import Enum
from accompanist import At, Role, choreography, query
class Size(Enum):
    SMALL = 1
    LITTLE = 1
    LARGE = 2
    BIG = LARGE
class R(Role):
    @query
    def f(self, x: int) -> int: ...
@choreography
def c(a: R, size: At[Size, "a"]) -> At[int, "a"]:
    match size:
        case Size.LITTLE:
            return a.f(1)
"""
    [found] = text(source).diagnostics
    assert (found.code, found.text) == ("ACC149", "no case takes Size.LARGE, and c ends without a result")
    assert text(f"{source}        case Size.BIG:\n            return a.f(2)\n").ok


def test_numbers_have_no_end_and_are_taken_by_a_name_only() -> None:
    assert missing("int", ["1", "2"], [False, False]) == ("_",)
    assert missing("int", ["1", "int()"], [False, False]) == ()
    assert missing("int | str", ["int()"], [False]) == ("_",)
    assert missing("int | str", ["int()", "str(x)"], [False, False]) == ()


@pytest.mark.slow
def test_a_search_without_end_is_given_up() -> None:
    many = ", ".join(["bool"] * 40)
    rows = [", ".join("True" if at == one else "_" for at in range(40)) for one in range(40)]
    assert missing(f"tuple[{many}]", rows, [False] * 40) in (None, (f"({', '.join(['False'] * 40)})",))


def test_a_choreography_that_needs_one_more_case_says_it_once() -> None:
    source = """
from accompanist import At, Role, choreography, query
class R(Role):
    @query
    def f(self, x: int) -> int: ...
@choreography
def c(a: R, b: At[bool, "a"]) -> At[int, "a"]:
    match b:
        case True:
            x = 1
            y = 2
    z = x + y
    return a.f(x + z)
"""
    [found] = text(source).diagnostics
    assert (found.code, found.line) == ("ACC149", 8)
    assert "no case takes False" in found.text
