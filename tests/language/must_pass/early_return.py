"""A guard clause: what follows it happens in the other branch, and the bank is not started where it is idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def early_return(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel | None, "stock"]:
    if not stock.has(order):
        return None
    held = stock.hold(order)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    return stock.ship(held, com(paid, to=stock))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.has": lambda order: order.customer == "ann",
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
