"""Sets that get out of sight: in constants, in classes, and in what is not said to hold one."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock

TAGS: Final = frozenset({"a", "b"})
GROUPS = (frozenset({"a", "b"}), TAGS | frozenset({"c"}))


class Group(Enum):
    A = frozenset({"a", "b"})


class Pair(NamedTuple):
    tags: frozenset[str]
    number: int


@dataclass(frozen=True)
class Words:
    words: tuple[str, ...]
    some: Collection[str] = frozenset({"a", "b"})  #! ACC138 the order of a set shows
    ALL: ClassVar[frozenset[str]] = frozenset({"a", "b"})

    @property
    def first(self) -> str:
        return next(iter(frozenset(self.words)))  #! ACC138 the order of a set shows

    @property
    def either(self) -> Collection[str]:
        return frozenset(self.words)  #! ACC138 the order of a set shows

    @pure
    def stamped(self) -> str:
        return ",".join(self.words) + str(time.time())  #! ACC135 reads a clock


@pure
def of_classes(x: tuple[str, ...], words: Words) -> str:
    a = ",".join(TAGS) + ",".join(GROUPS[1])  #! ACC138 the order of a set shows #! ACC138 the order of a set shows
    a += ",".join(Group.A.value)  #! ACC138 the order of a set shows
    a += ",".join(Words.ALL)  #! ACC138 the order of a set shows
    tags, _ = Pair(frozenset(x), 1)  #! ACC138 the order of a set shows
    return a + str(tags) + words.first + ",".join(words.either) + words.stamped()


@pure
def helper(x: tuple[str, ...]) -> Iterable[str]:
    return set(x)  #! ACC138 the order of a set shows


@choreography
def sets_elsewhere(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[str, "stock"]:
    a = str([first for first, _ in [frozenset(pair) for pair in zip(names, names)]])  #! ACC138 this goes through a set
    c = str(list(enumerate(iterable=set(names))))  #! ACC138 this goes through a set
    d = str(Words(names, frozenset(names)))  #! ACC138 this goes through a set
    e = ",".join(Group.A.value)  #! ACC138 this goes through a set
    stock.many(Order(a + c + d + e, len(of_classes(names, Words(names))) + len(str(helper(names)))))
    return a
