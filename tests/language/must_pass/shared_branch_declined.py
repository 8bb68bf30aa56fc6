"""A shared guard: bank takes part in a branch beside the pivot on one side, and declines before it on the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from accompanist.language.direct import Declined
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def shared_branch_declined(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    large = share(held.cents > 100, to=[bank])
    if large:
        paid = bank.charge(com(held, to=bank), Grade.PLAIN)
        cents = com(paid.cents, to=stock)
    else:
        cents = held.cents
    return stock.ship(held, Paid(held.number, cents))


def charge(held: Held, grade: Grade) -> Paid:
    if held.cents > 500:
        raise Declined("not enough money")
    return Paid(held.number, held.cents)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": charge,
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order("ann", 50)},
    {"order": Order("ann", 300)},
    {"order": Order("bob", 900)},
]
