"""Sets in what a library makes of them."""

from __future__ import annotations

import functools
import itertools
import json
import operator
from collections import Counter

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@pure
def by_a_library(x: tuple[str, ...]) -> str:
    sets, counted = [set(x), {"m"}], Counter[str]()
    a = str(list(itertools.chain.from_iterable(sets)))  #! ACC138 the order of a set shows
    a += ",".join(functools.reduce(operator.or_, sets))  #! ACC138 the order of a set shows
    for one, _ in itertools.combinations(sets, 2):  #! ACC138 the order of a set shows
        a += ",".join(one)
    a += str(len(sorted(sets, key=str)[0]))  #! ACC138 the order of a set shows
    counted.update(set(x))  #! ACC138 the order of a set shows
    a += str(list(enumerate(iterable=set(x))))  #! ACC138 the order of a set shows
    return a + json.dumps({"a": set(x)}, default=list)  #! ACC138 the order of a set shows


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
def sets_in_libraries(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[str, "stock"]:
    stock.many(Order(by_a_library(names) + str(fine(names)), 1))
    return names[0]
