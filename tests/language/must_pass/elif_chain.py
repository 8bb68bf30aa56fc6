"""if / elif / else on one guard's owner; the second test is a role call of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def elif_chain(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    if order.cents > 1000:
        paid = bank.charge(com(stock.hold(order), to=bank), Grade.GOLD)
        total = paid.cents
    elif stock.has(order):
        total = bank.charge(com(stock.hold(order), to=bank), Grade.PLAIN).cents
    else:
        total = com(0 - order.cents, to=bank)
    return total


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.has": lambda order: order.customer == "ann",
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(grade.value, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order("ann", 2000)},
    {"order": Order("ann", 5)},
    {"order": Order("bob", 5)},
]
