"""What is said of the arguments of calls, laid beside what Python does with them.

Classes are drawn with all that changes what they are made with: fields of bases, defaults, `kw_only`, `init=False`,
InitVar, ClassVar, a hand-written `__init__`. A call is said not to fit if and only if Python refuses it.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import random
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from accompanist.language.checks.raising.misfits import Misfits
from accompanist.language.reading import parameters
from accompanist.language.reading.constructors import Constructor, constructor
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.types import PORTABLE, UNKNOWN, Type
from accompanist.language.vocabulary import BUILTINS
from tests.language.programs import text

HEAD = """\
from __future__ import annotations
import dataclasses, typing
from abc import ABC
from dataclasses import KW_ONLY, InitVar, dataclass, field, replace
from typing import ClassVar, Generic, NamedTuple, TypeVar
import msgspec
T = TypeVar("T")
FEW = 3
LATER = field(default=2)
def made() -> int:
    return field(init=False)
class Plain:
    b: int = 7
class Mixed(ABC):
    def told(self) -> int:
        return 1
"""
FIELDS = (
    *("{0}: int", "{0}: int", "{0}: int = 1", "{0}: int = FEW", "{0}: list[int] = field(default_factory=list)"),
    *("{0}: int = field()", "{0}: int = field(default=2)", "{0}: int = field(init=False)", "{0}: int = LATER"),
    *("{0}: int = field(init=False, default=3)", "{0}: int = field(kw_only=True)", "{0}: int = field(kw_only=False)"),
    *("{0}: InitVar[int]", "{0}: dataclasses.InitVar[int] = 4", "{0}: ClassVar[int] = 5", "_{0}: KW_ONLY", "{0} = 6"),
    *("{0}: typing.ClassVar[int]", "{0}: 'int'", "{0}: int = made()", "{0}: int = (1)"),
)
ROWS = ("{0}: int", "{0}: int = 1", "{0}: int = msgspec.field(default=2)", "{0}: ClassVar[int] = 5", "{0}: list = []")
CODE = ("pass", "pass", "pass", "def __post_init__(self, *of: int) -> None: pass", "def told(self) -> int: return 1")
OWN = "def __init__(self, *given: int, **named: int) -> None: pass"
ABOVE = ("@dataclass", "@dataclass(frozen=True)", "@dataclass(kw_only=True)", "@dataclass(slots=True)", "")


def _drawn(chance: random.Random) -> str:
    """A module with some classes, one below the other."""
    made, last = [HEAD], ""
    kind = chance.choice(("dataclass", "dataclass", "Struct", "NamedTuple"))
    for number in range(chance.randint(1, 3)):
        named = f"C{number}"
        names = chance.sample("abcd", chance.randint(0, 3))
        forms = FIELDS if kind == "dataclass" else ROWS if kind == "Struct" else ("{0}: int", "{0}: int = 1")
        body = [chance.choice(forms).format(name) for name in names]
        body.append(OWN if chance.random() < 0.05 else chance.choice(CODE) if kind != "NamedTuple" else "pass")
        root = {"dataclass": "", "Struct": "msgspec.Struct", "NamedTuple": "NamedTuple"}[kind]
        bases = [last or root] if last or root else []
        if kind == "dataclass":
            bases += chance.choice(([], [], ["Plain"], ["Mixed"], ["Generic[T]"]))
        options = chance.choice(([], ["frozen=True"], ["kw_only=True"])) if kind == "Struct" else []
        made += [chance.choice(ABOVE) if kind == "dataclass" else ""]
        made += [
            f"class {named}({', '.join(one for one in [*bases, *options] if one)}):",
            *(f"    {one}" for one in body),
        ]
        last = named
    return "\n".join(made) + "\n"


def _read(source: str) -> tuple[Modules, Module]:
    modules = Modules("/p", lambda path: source if path == "/p/drawn.py" else None)
    home = modules.find("drawn")
    assert home is not None
    return modules, home


def _runs(source: str) -> ModuleType | None:
    """The module as Python makes it, None if Python refuses it."""
    module = ModuleType("drawn")
    sys.modules["drawn"] = module
    try:
        exec(compile(source, "drawn", "exec", dont_inherit=True), module.__dict__)
    except (TypeError, ValueError, AttributeError, SyntaxError):
        return None
    finally:
        del sys.modules["drawn"]
    return module


def _refuses(called: Any, places: int, names: tuple[str, ...]) -> bool:
    try:
        called(*[1] * places, **dict.fromkeys(names, 1))
    except TypeError:
        return True
    return False


CALLS = [
    (places, names) for places in range(6) for count in range(4) for names in itertools.combinations("abcde", count)
]


@pytest.mark.parametrize("seed", range(400))
def test_a_class_takes_what_is_said(seed: int) -> None:
    source = _drawn(random.Random(seed))
    module = _runs(source)
    modules, home = _read(source)
    for name in ("C0", "C1", "C2") if module is not None else ():
        node = home.bound.get(name, [ast.Pass()])[-1]
        known = constructor(modules, home, node) if isinstance(node, ast.ClassDef) else None
        signature = known.signature if known is not None and known.kind else None
        for places, names in CALLS if signature is not None else ():
            said = parameters.misfit(signature, places, [*names])
            assert bool(said) == _refuses(getattr(module, name), places, names), (source, name, places, names, said)


def test_most_classes_are_read() -> None:
    read: list[Constructor | None] = []
    for seed in range(200):
        source = _drawn(random.Random(seed))
        if _runs(source) is not None:
            modules, home = _read(source)
            read += [constructor(modules, home, one) for one in home.tree.body[12:] if isinstance(one, ast.ClassDef)]
    assert sum(one is not None and bool(one.kind) for one in read) > len(read) / 2 > 50


VALUES: tuple[Any, ...] = (0, 2, 1.5, "1", "ab", b"1", [1, 2], (3, 1), {"a": 1}, None, True, int, Decimal(2), UTC)
VALUES += (date(2026, 2, 3), datetime(2026, 2, 3, tzinfo=UTC), time(1), timedelta(1), UUID(int=0), len)


def _takes(called: Any, places: int, names: tuple[str, ...], chance: random.Random) -> bool:
    """Whether Python takes some values in these places."""
    for _ in range(300):
        given = [chance.choice(VALUES) for _ in range(places)]
        try:
            called(*given, **{name: chance.choice(VALUES) for name in names})
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            continue
        return True
    return False


NAMES = (
    *("key", "default", "start", "reverse", "strict", "ndigits", "number", "base", "exp", "mod", "encoding", "errors"),
    *("source", "object", "iterable", "step", "cmp", "x", "year", "month", "hour", "fold", "tzinfo", "days", "hours"),
    *("value", "context", "hex", "int", "bytes", "version"),
)
CLASSES = {"date": date, "datetime": datetime, "time": time, "timedelta": timedelta, "Decimal": Decimal, "UUID": UUID}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_what_a_builtin_is_said_not_to_take_python_refuses(name: str) -> None:
    misfits = Misfits(Messages(_read("")[0]), fields=True)
    for places, names in _forms():
        node = _call(name, places, names)
        if misfits.builtin(name, node) is not None:
            assert not _takes(getattr(builtins, name), places, names, random.Random(places)), ast.unparse(node)


@pytest.mark.parametrize("pair", sorted(PORTABLE))
def test_what_a_class_of_the_library_is_said_not_to_take_python_refuses(pair: tuple[str, str]) -> None:
    misfits = Misfits(Messages(_read("")[0]), fields=True)
    for places, names in _forms():
        node = _call(pair[1], places, names)
        if misfits.of(Reference(*pair), node, pair[1], _unknown) is not None:
            assert not _takes(CLASSES[pair[1]], places, names, random.Random(places)), ast.unparse(node)


def _forms() -> list[tuple[int, tuple[str, ...]]]:
    return [
        (places, names) for places in range(5) for count in range(2) for names in itertools.combinations(NAMES, count)
    ]


def _call(name: str, places: int, names: tuple[str, ...]) -> ast.Call:
    given = ", ".join([*(f"v{at}" for at in range(places)), *(f"{one}=v" for one in names)])
    found = ast.parse(f"{name}({given})", mode="eval").body
    assert isinstance(found, ast.Call)
    return found


CONSTANTS = ("-1", "0", "1", "2", "30", "99", "10000", "10**10", "2.5", "'x'", "'1.5'", "'NaN'", "UTC", "1 / 3", "None")


@pytest.mark.slow
@pytest.mark.parametrize("pair", sorted(PORTABLE))
def test_constants_raise_if_and_only_if_that_is_said(pair: tuple[str, str]) -> None:
    misfits = Misfits(Messages(_read("")[0]), fields=True)
    for count in (1, 2, 3):
        for given in itertools.product(CONSTANTS, repeat=count):
            written = f"{pair[1]}({', '.join(given)})"
            node = ast.parse(written, mode="eval").body
            assert isinstance(node, ast.Call)
            try:
                eval(written, {**CLASSES, "UTC": UTC})
                raised = False
            except (TypeError, ValueError, ArithmeticError, AttributeError):
                raised = True
            assert (misfits.of(Reference(*pair), node, pair[1], _unknown) is not None) == raised, written


def _unknown(node: ast.expr) -> Type:
    return UNKNOWN


def test_another_classes_fields_may_be_replaced() -> None:
    """A value that is declared with a class may be of one below it, which has more fields."""
    found = text(BELOW)
    assert not found.diagnostics


BELOW = """
from dataclasses import dataclass, replace
from accompanist import At, Role, choreography, pure, query
@dataclass(frozen=True)
class One:
    cents: int
@dataclass(frozen=True)
class Two(One):
    more: int = 0
class Desk(Role):
    @query
    def one(self) -> int: ...
@pure
def changed(one: One) -> int:
    return replace(one, more=1).cents
@choreography
def begin(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return changed(Two(number)) + desk.one()
"""
LOCAL = """
from accompanist import At, Role, choreography, pure, query
class Desk(Role):
    @query
    def one(self) -> int: ...
@pure
def changed(number: int) -> int:
    def round(value: float, digits: int) -> int:
        return number
    return round(2.5, digits=2)
@choreography
def begin(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return changed(number) + desk.one()
"""


def test_a_function_of_a_builtins_name_is_judged_by_none() -> None:
    assert not [one for one in text(LOCAL).diagnostics if one.code == "ACC184"]


UNSET = """
from dataclasses import dataclass, field
from accompanist import At, Role, choreography, query
@dataclass(frozen=True)
class Sum:
    name: str
    cents: int = field(init=False)
{more}
class Desk(Role):
    @query
    def asked(self) -> Sum: ...
@choreography
def begin(desk: Desk, name: At[str, "desk"]) -> At[int, "desk"]:
    asked = desk.asked()
    return asked.cents{made}
"""


@pytest.mark.parametrize(
    ("more", "made", "wrong"),
    [
        ("", "", False),  # what an operation replies with has the field
        ("", " + Sum(name).cents", True),
        ("    def __post_init__(self) -> None:\n        pass", " + Sum(name).cents", False),
        ("def other(it: Sum) -> None:\n    object.__setattr__(it, 'cents', 2)", " + Sum(name).cents", False),
    ],
)
def test_a_field_that_nothing_sets(more: str, made: str, wrong: bool) -> None:
    found = [one.text for one in text(UNSET.format(more=more, made=made)).diagnostics if one.code == "ACC184"]
    assert found == (["Sum(…) has no cents: nothing sets it with init=False and without a default"] if wrong else [])
