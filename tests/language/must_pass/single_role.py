"""One role: a saga over several operations of one worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, pure
from tests.language.must_pass.shop import Held, Order, Paid, Parcel, Stock


@pure
def stock_open(order: Order) -> bool:
    return order.cents > 5


@choreography
def single_role(stock: Stock, order: At[Order, "stock"], hurry: At[bool, "stock"]) -> Parcel:
    if order.cents < 0 or (hurry and not stock_open(order)):
        stock.abort(reason="no such price")
    held = stock.hold(order)
    return stock.ship(held, Paid(held.number, 0))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order("ann", 1), "hurry": False},
    {"order": Order("ann", 1), "hurry": True},
    {"order": Order("ann", 9), "hurry": True},
]
