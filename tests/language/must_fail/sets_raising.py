"""Where a part of a set may raise: the order says whether `any` comes to it, and which error is the first."""

from __future__ import annotations

from collections.abc import Mapping

from accompanist import At, attempt, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@pure
def dear(codes: tuple[str, ...]) -> str:
    try:
        return "dear" if all(int(code) > 100 for code in set(codes)) else "cheap"  #! ACC138 the order of a set shows
    except ValueError:
        return "a code is no number"


@pure
def known(names: tuple[str, ...], stock: Mapping[str, int]) -> bool:
    return any(stock[name] > 0 for name in set(names))  #! ACC138 the order of a set shows


@pure
def large(name: str) -> bool:
    return int(name) > 3


@pure
def told(names: tuple[str, ...]) -> str:
    seen: set[int] = set()
    try:
        seen.update(int(name) for name in set(names))  #! ACC138 the order of a set shows
        found = sum(int(name) for name in set(names))  #! ACC138 the order of a set shows
        more = {int(name) for name in set(names)}  #! ACC138 the order of a set shows
    except ValueError as error:
        return f"{error} {sorted(seen)}"
    try:
        rows = len([100 // int(name) for name in set(names)])  #! ACC138 the order of a set shows
    except ZeroDivisionError:
        return "zero"
    return f"{found} {sorted(more)} {rows} {all(large(name) for name in set(names))}"  #! ACC138 the order of a set shows


@choreography
def sets_raising(stock: Stock, names: At[tuple[str, ...], "stock"], rest: At[dict[str, int], "stock"]) -> None:
    said = f"{dear(names)} {known(names, rest)} {told(names)}"
    some = any(rest[name] > 0 for name in set(names))  #! ACC138 this goes through a set
    every = all(large(name) for name in set(names))  #! ACC138 this goes through a set
    tried = attempt(all(int(name) > 3 for name in set(names)))  #! ACC138 this goes through a set
    total = attempt(sum(rest[name] for name in set(names)))  #! ACC138 this goes through a set
    stock.many(Order(f"{said} {some} {every} {tried.ok} {total.reason}", 1))
