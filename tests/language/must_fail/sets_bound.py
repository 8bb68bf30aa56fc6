"""Sets that are bound to names in other ways than by `=`, and put into other values."""

from __future__ import annotations

from collections import defaultdict

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@pure
def bound(x: tuple[str, ...]) -> str:
    s, n = set(x), 1
    a = ",".join(s)  #! ACC138 the order of a set shows
    y: list[str] = []
    y[:] = set(x)  #! ACC138 the order of a set shows
    match set(x):
        case t:
            a += ",".join(t)  #! ACC138 the order of a set shows
    keys = dict.fromkeys(x).keys()
    a += ",".join(keys - x)  #! ACC138 the order of a set shows
    groups = defaultdict(set)
    for word in x:
        groups[word[:1]].add(word)
    a += ",".join(groups["x"])  #! ACC138 the order of a set shows
    if (u := set(x)) and n:
        a += ",".join(u)  #! ACC138 the order of a set shows
    return a + y[0]


@choreography
def sets_bound(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[int, "stock"]:
    return len(stock.many(Order(bound(names), 1)))
