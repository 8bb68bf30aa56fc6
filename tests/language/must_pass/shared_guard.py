"""The guard is shared, so both roles branch by themselves and no selection travels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def shared_guard(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank", "stock"]:
    large = share(order.cents > 500, to=[bank])
    held = com(stock.hold(order), to=bank)
    if large:
        paid = bank.charge(held, bank.grade(com(order.customer, to=bank)))
    else:
        paid = bank.charge(held, Grade.PLAIN)
    return share(paid.cents, to=[stock])


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD,
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(grade.value, held.cents // (2 if grade is Grade.GOLD else 1)),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
