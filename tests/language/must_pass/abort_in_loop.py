"""A saga that is undone in the middle of a loop: each turn has sites of its own, and each is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def abort_in_loop(stock: Stock, bank: Bank, orders: At[list[Order], "stock"]) -> At[int, "stock"]:
    total = 0
    for order in orders:
        held = stock.hold(order)
        paid = bank.charge(com(held, to=bank), Grade.PLAIN)
        total = total + com(paid.cents, to=stock)
        if total > 500:
            stock.abort("too much")
    return total


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"orders": [Order("ann", 100), Order("bob", 200)]},
    {"orders": [Order("ann", 200), Order("bob", 200), Order("carla", 200), Order("dan", 1)]},
]
