"""role.abort in one branch: the other roles are not told, the abort reaches them by protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def abort_in_branch(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    if paid.cents > 500:
        bank.abort("too much: " + str(paid.cents))
    return stock.ship(held, com(paid, to=stock))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
