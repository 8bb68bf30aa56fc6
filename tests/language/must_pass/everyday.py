"""Everyday Python: sets where no order shows, stars, walrus, dicts laid together, declarations, NewType, arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NewType

from accompanist import At, Role, choreography, com, pure, query

Cents = NewType("Cents", int)


@dataclass(frozen=True)
class Line:
    name: str
    price: int

    @property
    def label(self) -> str:
        return f"{self.name}: {self.price}"

    @pure
    def cheaper(self, other: int) -> bool:
        return self.price < other


@dataclass(frozen=True)
class Order:
    lines: list[Line]
    extra: dict[str, int]
    due: date

    @property
    def total(self) -> int:
        return sum(line.price for line in self.lines)


class Shop(Role):
    @query
    def stock(self, name: str) -> int: ...

    @query
    def more(self, left: int) -> int: ...


class Bank(Role):
    @query
    def sum(self, cents: int, names: list[str], extra: dict[str, int], at: date) -> int: ...


@choreography
def everyday(shop: Shop, bank: Bank, order: At[Order, "shop"]) -> At[int, "shop"]:
    names = [line.name for line in order.lines]
    first, *rest = order.lines
    *_, last = names
    head, *middle, tail = [*names, "end", "of all"]
    cents: Cents
    if (count := shop.stock(first.name)) > 3 and count < order.total:
        cents = Cents(order.total * count)
    elif (other := shop.stock(tail)) > 1:
        cents = Cents(other + len(rest))
    else:
        cents = Cents(0)
    left = 5
    while (left := shop.more(left)) > 2:
        cents = Cents(cents + left)
    once = set(names)
    known = {line.name for line in rest} | {last, head}
    if first.name in known and len(once) == len(names) and once >= {tail, *middle}:
        extra = {**order.extra, "once": len(once), **{name: len(name) for name in middle}}
    else:
        extra = order.extra | {"twice": len(names) - len(once)}
    quotient, remainder = divmod(cents, 7)
    whole = math.ceil(cents / 2) + quotient**2 + pow(remainder, 3, 5) + math.isqrt(abs(cents)) + math.gcd(cents, 12)
    later = order.due + timedelta(days=2) * 2
    between = later - order.due
    dear = [line.label for line in order.lines if not line.cheaper(3)]
    return com(
        bank.sum(
            com(whole + between.days, to=bank),
            com(sorted(once) + dear, to=bank),
            com(extra, to=bank),
            com(later, to=bank),
        ),
        to=shop,
    )


WORKERS: dict[str, Callable[..., Any]] = {
    "shop.stock": lambda name: len(name),
    "shop.more": lambda left: left - 1,
    "bank.sum": lambda cents, names, extra, at: cents + len(" ".join(names)) + sum(extra.values()) + at.day,
}
_DUE = date(2026, 2, 27)
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order([Line("kettle", 7), Line("cup", 2)], {"bow": 1}, _DUE)},
    {"order": Order([Line("tea", 7), Line("tea", 1), Line("milk", 2)], {}, _DUE)},
    {"order": Order([Line("of all", 3)], {"once": 9}, _DUE)},
]
