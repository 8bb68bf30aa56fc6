"""Messages are made where their parts are, and unpacked again; lists by comprehension."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, query


@dataclass(frozen=True)
class Line:
    product: str
    cents: int


@dataclass(frozen=True)
class Basket:
    lines: tuple[Line, ...]
    notes: dict[str, int]


@dataclass(frozen=True)
class Sum:
    total: int
    names: list[str]


class Shop(Role):
    @query
    def range(self, basket: Basket) -> tuple[int, int]: ...


class Clerk(Role):
    @query
    def approve(self, sum: Sum) -> bool: ...


@choreography
def messages(shop: Shop, clerk: Clerk, basket: At[Basket, "shop"]) -> At[tuple[str, int], "clerk"]:
    low, high = shop.range(basket)
    cheap = [line for line in basket.lines if low <= line.cents <= high and line.product not in {"gift", "card"}]
    made = Sum(sum(line.cents for line in cheap), [line.product for line in cheap])
    (first, count), last = (basket.lines[0].product, len(cheap)), basket.notes["last"]
    moved = com(made, to=clerk)
    ok = clerk.approve(moved)
    return ("yes " if ok else "no ") + f"{moved.names[0]} {moved.total}", com(count + last + len(first), to=clerk)


WORKERS: dict[str, Callable[..., Any]] = {
    "shop.range": lambda basket: (2, 10),
    "clerk.approve": lambda sum: sum.total < 10,
}
ARGUMENTS: list[dict[str, Any]] = [
    {"basket": Basket((Line("pen", 3), Line("gift", 4), Line("desk", 900)), {"last": 2})},
    {"basket": Basket((Line("ink", 7), Line("cup", 8)), {"last": 0})},
]
