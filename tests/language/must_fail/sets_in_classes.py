"""The body of a class is computed when its module is read, in each process anew: the order of a set shows there as in a
constant."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


class Names:
    ALL = frozenset({"a", "b", "c"})
    ORDER = tuple(ALL)  #! ACC138 the order of a set shows
    SORTED = tuple(sorted(ALL))
    COUNT = len(ALL)


class Derived(Names):
    pass


class First(Enum):
    ONE = next(iter({"a", "b"}), "")  #! ACC138 the order of a set shows
    OTHER = "c"


class Inner:
    class Names:
        for LAST in {"a", "b"}:  #! ACC138 the order of a set shows
            pass


@dataclass(frozen=True)
class Made:
    ALL = frozenset({"a", "b"})
    first: tuple[str, ...] = tuple(ALL)  #! ACC138 the order of a set shows
    other: tuple[str, ...] = field(default_factory=lambda: tuple({"a", "b"}))  #! ACC138 the order of a set shows


@dataclass(frozen=True)
class Sent:
    number: int
    WORDS = list({"a", "b"})  #! ACC138 the order of a set shows


@pure
def told(sent: Sent) -> str:
    made = Made()
    words = f"{Derived.ORDER[0]} {Names.SORTED} {Names.COUNT} {First.ONE.value} {Inner.Names.LAST} {made.first}"
    return words + sent.WORDS[0]


@choreography
def in_classes(stock: Stock, sent: At[Sent, "stock"]) -> At[list[Order], "stock"]:
    return stock.many(Order(told(sent), 1))
