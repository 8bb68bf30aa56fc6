"""A return inside a branch that may also go on: the rest is copied into both, its points keep their sites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def early_return_inside(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    bonus = 0
    if order.cents > 500:
        if stock.has(order):
            return -1
        bonus = 7
    else:
        bonus = 1
    held = stock.hold(order)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    return com(paid.cents, to=stock) + bonus


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.has": lambda order: order.customer == "ann",
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order(name, cents)} for name in ("ann", "bob") for cents in (100, 900)]
