"""Sets that get out of sight: by another name for a function, in what a library makes, in constants and classes."""

from __future__ import annotations

import functools
import itertools
import json
import operator
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock

TAGS: Final = frozenset({"a", "b"})
GROUPS = (frozenset({"a", "b"}), TAGS | {"c"})
as_list = list


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
def taken_apart(x: tuple[str, ...]) -> str:
    edges = [frozenset(x), frozenset(x[1:])]
    for one, *_ in edges:  #! ACC138 the order of a set shows
        return one
    firsts = [a for a, _ in edges]  #! ACC138 the order of a set shows
    (a, *_), _ = set(x), 1  #! ACC138 the order of a set shows
    return a + str(firsts)


@pure
def renamed(x: tuple[str, ...]) -> str:
    join, conv, given = ",".join, list, set(x)
    a = join(given)  #! ACC138 the order of a set shows
    b = conv(given)  #! ACC138 the order of a set shows
    c = functools.partial(",".join)(given)  #! ACC138 the order of a set shows
    d = (list if a else tuple)(given)  #! ACC138 the order of a set shows
    e = as_list(given)  #! ACC138 the order of a set shows
    take = given.pop  #! ACC138 the order of a set shows
    return a + str(b) + c + str(d) + str(e) + take()


@pure
def by_a_library(x: tuple[str, ...]) -> str:
    sets, counted = [set(x), {"m"}], Counter[str]()
    a = str(list(itertools.chain.from_iterable(sets)))  #! ACC138 the order of a set shows
    a += ",".join(functools.reduce(operator.or_, sets))  #! ACC138 the order of a set shows
    for one, _ in itertools.combinations(sets, 2):  #! ACC138 the order of a set shows
        a += ",".join(one)
    a += str(sorted({frozenset(word) for word in x})[0])  #! ACC138 the order of a set shows
    a += str(len(sorted(sets, key=str)[0]))  #! ACC138 the order of a set shows
    counted.update(set(x))  #! ACC138 the order of a set shows
    a += str(list(enumerate(iterable=set(x))))  #! ACC138 the order of a set shows
    return a + json.dumps({"a": set(x)}, default=list)  #! ACC138 the order of a set shows


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


@pure
def guarded(names: tuple[str, ...] | frozenset[str]) -> str:
    if isinstance(names, frozenset):
        return ",".join(sorted(names))
    return ",".join(names)


@pure
def fine(x: tuple[str, ...]) -> int:
    given = set(x)
    named = {"a": given}
    key, value = named.popitem()
    if any(word == "x" for word in given) and sorted(word.lower() for word in value) != list(x):
        return sum(1 for word in given if word) + len({word.lower() for word in given}) + len(sorted(list(given)))
    return len(guarded(frozenset(x)) + key) + len(functools.reduce(operator.or_, [given, {"m"}]))


@choreography
def sets_elsewhere(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[str, "stock"]:
    a = str([first for first, _ in [frozenset(pair) for pair in zip(names, names)]])  #! ACC138 this goes through a set
    b = str([sorted(one) for one in sorted({frozenset(name) for name in names})])  #! ACC138 this goes through a set
    c = str(list(enumerate(iterable=set(names))))  #! ACC138 this goes through a set
    d = str(Words(names, frozenset(names)))  #! ACC138 this goes through a set
    e = ",".join(Group.A.value)  #! ACC138 this goes through a set
    f = str(sum({(name,) for name in names}, ()))  #! ACC138 this goes through a set
    g = taken_apart(names) + renamed(names) + by_a_library(names) + of_classes(names, Words(names)) + str(helper(names))
    h = any(name == "x" for name in set(names)) or sum(1 for name in set(names) if name) > len(sorted(set(names)))
    stock.many(Order(a + b + c + d + e + f + g, fine(names) + h))
    return a
