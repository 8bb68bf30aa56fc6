"""Sets that are taken apart by several names, or given to a function by another name."""

from __future__ import annotations

import functools

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock

as_list = list


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


@choreography
def sets_renamed(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[str, "stock"]:
    stock.many(Order(taken_apart(names) + renamed(names), 1))
    return names[0]
