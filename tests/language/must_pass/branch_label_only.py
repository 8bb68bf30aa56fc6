"""The bank acts first in one side and only then receives: its selection is a message of its own there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def branch_label_only(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    customer = com(order.customer, to=bank)
    if order.cents > 500:
        grade = bank.grade(customer)
        held = stock.hold(order)
        paid = bank.charge(com(held, to=bank), grade)
    else:
        held = stock.hold(order)
        paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    return stock.ship(held, com(paid, to=stock))


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD,
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(f"{held.number}-{grade.value}", held.cents),
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
