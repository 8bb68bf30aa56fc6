"""Where a part of a set may raise: the order says whether `any` comes to it, and which error is the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


@pure
def unbound(name: str) -> bool:
    if name > "b":
        found = True
    return found


@pure
def square(count: int) -> int:
    return count**20


@pure
def third(count: int) -> bool:
    return square(count) / 3 > 1


@pure
def half(count: int) -> bool:
    return count / 2 > 1 and count * 0.5 * 0.5 < 7.0


@pure
def root(count: float) -> bool:
    return count**2 > 1.0


@dataclass(frozen=True)
class Share:
    whole: int

    def __bool__(self) -> bool:
        return 10 // self.whole > 1


@dataclass(frozen=True)
class Line:
    count: int

    @pure
    def many(self) -> bool:
        return self.count > 1


@dataclass(frozen=True)
class Packed(Line):
    @pure
    def many(self) -> bool:
        return 10 // self.count > 1


@pure
def asked(names: tuple[str, ...], shares: tuple[Share, ...], lines: tuple[Line, ...]) -> str:
    some = set(shares)
    a = any(unbound(name) for name in set(names))  #! ACC138 the order of a set shows
    b = any(bool(one) for one in some)  #! ACC138 the order of a set shows
    c = any(any([one]) for one in some)  #! ACC138 the order of a set shows
    d = all(some)  #! ACC138 the order of a set shows
    e = any(line.many() for line in set(lines))  #! ACC138 the order of a set shows
    f = any(name > "b" or len({[name]}) for name in set(names))  #! ACC138 the order of a set shows
    h = any(root(len(name)) or third(len(name)) for name in set(names))  #! ACC138 the order of a set shows
    i = any(square(len(name)) > 3 or half(len(name)) for name in set(names))  #! ACC138 the order of a set shows
    j = any(half(len(name)) for name in set(names))
    g = any(len(name) ** 0.5 > 3.0 for name in set(names))  #! ACC138 the order of a set shows
    return f"{a} {b} {c} {d} {e} {f} {g} {h} {i} {j}"


@choreography
def sets_asked(stock: Stock, shares: At[tuple[Share, ...], "stock"], lines: At[tuple[Line, ...], "stock"]) -> None:
    said = asked(("a", "b"), shares, lines)
    some = any(set(shares))  #! ACC138 this goes through a set
    many = all(line.many() for line in set(lines))  #! ACC138 this goes through a set
    stock.many(Order(f"{said} {some} {many}", 1))


@choreography
def sets_raising(stock: Stock, names: At[tuple[str, ...], "stock"], rest: At[dict[str, int], "stock"]) -> None:
    said = f"{dear(names)} {known(names, rest)} {told(names)}"
    some = any(rest[name] > 0 for name in set(names))  #! ACC138 this goes through a set
    every = all(large(name) for name in set(names))  #! ACC138 this goes through a set
    tried = attempt(all(int(name) > 3 for name in set(names)))  #! ACC138 this goes through a set
    total = attempt(sum(rest[name] + int(name) for name in set(names)))  #! ACC138 this goes through a set
    stock.many(Order(f"{said} {some} {every} {tried.ok} {total.reason}", 1))
