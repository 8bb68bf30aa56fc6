"""Sets that are never bound to a name, come from a function within, or are given to one that knows of none."""

from __future__ import annotations

from collections.abc import Iterable

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@pure
def made(x: tuple[str, ...]) -> str:
    def inner() -> object:
        return set(x)

    def spelt(given):  # type: ignore[no-untyped-def]
        return ",".join(given)  #! ACC138 the order of a set shows

    short = lambda: set(x)  # noqa: E731
    a = ",".join([set(x)][0])  #! ACC138 the order of a set shows
    a += ",".join(short())  #! ACC138 the order of a set shows
    a += str(inner())  #! ACC138 the order of a set shows
    a += ",".join(frozenset.union(frozenset(x)))  #! ACC138 the order of a set shows
    a += str([{*x}])  #! ACC138 the order of a set shows
    a += "%s" % {*x}  #! ACC138 the order of a set shows
    a += next(map(",".join, [{*x}]))  #! ACC138 the order of a set shows
    return a + spelt({*x}) + joined({*x})  #! ACC138 the order of a set shows


@pure
def joined(names: Iterable[str]) -> str:
    return ",".join(names)


@choreography
def sets_made(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[int, "stock"]:
    return len(stock.many(Order(made(names), 1)))
