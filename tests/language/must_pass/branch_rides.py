"""Both sides begin at the bank with a message from the stock: the selection rides on it and costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock

LARGE_CENTS = 5 * 100


@choreography
def branch_rides(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    if held.cents > LARGE_CENTS:
        paid = bank.charge(com(held, to=bank), Grade.GOLD)
    else:
        paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    return stock.ship(held, com(paid, to=stock))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(f"{held.number}-{grade.value}", held.cents),
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
