"""True is put where an int is declared, a datetime where a date is, and a class below has its own `__eq__`: equal
values are not the same then, whatever their annotations say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@dataclass(frozen=True, order=True)
class Place:
    row: int


@dataclass(frozen=True)
class Seat:
    row: int


@dataclass(frozen=True)
class Named(Seat):
    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named)

    def __hash__(self) -> int:
        return 1


@pure
def rank(name: str) -> int:
    return name > "b" or len(name)


@pure
def day(name: str) -> date:
    return datetime.fromisoformat(name)


@pure
def place(name: str) -> Place:
    return Place(rank(name))


@pure
def seat(name: str) -> Seat:
    return Named(1, name)


@pure
def told(names: tuple[str, ...]) -> str:
    ranks = sorted({rank(name) for name in set(names)})  #! ACC138 the order of a set shows
    days = sorted(map(day, set(names)))  #! ACC138 the order of a set shows
    rows = max({place(name).row for name in set(names)})  #! ACC138 the order of a set shows
    seats = len({seat(name) for name in set(names)})
    shown = sorted(str(one) for one in {seat(name) for name in set(names)})  #! ACC138 the order of a set shows
    pairs = sorted({(1, 1) if name > "b" else (True, 1) for name in set(names)})  #! ACC138 the order of a set shows
    lengths = sorted({len(name) for name in set(names)})
    return f"{ranks} {days} {rows} {seats} {shown} {pairs} {lengths}"


@choreography
def mixed(stock: Stock, names: At[tuple[str, ...], "stock"]) -> None:
    said = told(names)
    ranks = sorted({rank(name) for name in set(names)})  #! ACC138 this goes through a set
    stock.many(Order(f"{said} {ranks}", 1))
