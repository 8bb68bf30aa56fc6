"""Names are assigned again at another role; each use sees the last one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def rebinding(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    cents: int = order.cents
    cents = cents + 1
    held = stock.hold(Order(order.customer, cents))
    held = com(held, to=bank)
    cents = bank.charge(held, Grade.PLAIN).cents * 2
    cents = com(cents, to=stock)
    a = b = cents
    return a + b


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
