"""Which code of classes is said to be able to raise behind the commit point: what a class that derives from the
declared one overrides, and what makes an object."""

from __future__ import annotations

import pytest

from accompanist.language.text.diagnostic import render
from tests.language.programs import text

HEAD = """\
from dataclasses import dataclass, field
from accompanist import At, Role, choreography, pure, transaction

class R(Role):
    @transaction
    def pay(self) -> int: ...
    @transaction(retriable=True)
    def tell(self, said: str) -> int: ...

@pure
def share(cents: int = 100, people: int = 0) -> int:
    return cents // people

@pure
def one() -> int:
    return 1

class Mixed:
    MIXED

class Raising:
    def __init__(self) -> None:
        raise ValueError

@dataclass(frozen=True)
class Offer:
    cents: int
    pieces: int
    @property
    def unit(self) -> int:
        return self.cents
    @pure
    def times(self, n: int) -> int:
        return self.cents * n

@dataclass(frozen=True)
class Pack(PACK):
    more: list[int] = field(default_factory=list)
    BODY

@pure
def shown(offer: Offer, offers: list[Offer]) -> str:
    return f"{SHOWN}"

@choreography
def name(a: R, n: At[int, "a"], k: At[int, "a"]) -> None:
    a.pay()
    a.tell(shown(Pack(n, k), [Pack(n, k), Offer(n, k)]))
"""


def said(shown: str, body: str, mixed: str = "pass", pack: str = "Offer") -> list[str]:
    written = HEAD.replace("BODY", body.replace("; ", "\n    ")).replace("MIXED", mixed.replace("; ", "\n    "))
    found = text(written.replace("SHOWN", shown).replace("PACK", pack)).diagnostics
    assert {one.code for one in found} <= {"ACC159"}, "\n".join(map(render, found))
    return [one.text for one in found]


UNIT = "@property; def unit(self) -> int:;     return self.cents // self.pieces"
TEXT = "def __str__(self) -> str:;     return f'{self.cents // self.pieces}'"
EQUAL = "def __eq__(self, other: object) -> bool:;     return self.cents // self.pieces > 1"
TIMES = "@pure; def times(self, n: int) -> int:;     return self.cents // n"
ASKED = "def __getattribute__(self, name: str) -> object:;     raise AttributeError(name)"


@pytest.mark.parametrize(
    ("shown", "body"),
    [
        ("offer.unit", UNIT),
        ("min(offers, key=lambda one: one.unit, default=offer).unit", UNIT),
        ("offer", TEXT),
        ("offers", TEXT.replace("str__", "repr__")),
        ("offer == offers", EQUAL),
        ("offer.times(3)", TIMES),
        ("offer.cents", ASKED),
        ("offer.cents", UNIT.replace("unit", "cents")),
    ],
)
def test_what_a_class_below_overrides_may_raise(shown: str, body: str) -> None:
    (found,) = said(shown, body)
    assert "Pack." in found


def test_so_may_what_it_has_from_another_class() -> None:
    assert len(said("offer", "pass", TEXT, "Mixed, Offer")) == 1
    assert len(said("offer", "pass", "def __post_init__(self) -> None:;     raise ValueError", "Mixed, Offer")) == 1


@pytest.mark.parametrize(
    ("shown", "body"),
    [
        ("offer.unit", TEXT),
        ("offer.cents", UNIT),
        ("offer.times(3)", TIMES.replace("// n", "* n")),
        ("offer", TEXT.replace("// self.pieces", "+ 1")),
    ],
)
def test_what_is_not_asked_for_does_not(shown: str, body: str) -> None:
    assert said(shown, body) == []


@pytest.mark.parametrize(
    ("factory", "may"),
    [
        ("share", True),
        ("lambda: 1 // 0", True),
        ("lambda: share(3)", True),
        ("Raising", True),
        ("Mixed", False),
        ("one", False),
        ("lambda: 3", False),
        ("int", False),
    ],
)
def test_a_default_factory_is_read(factory: str, may: bool) -> None:
    assert bool(said("offer.cents", f"each: int = field(default_factory={factory})")) is may
