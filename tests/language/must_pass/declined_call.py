"""A worker declines: the saga is aborted at that call, the later roles are never reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from accompanist.language.direct import Declined
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def declined_call(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    paid = bank.charge(grade=Grade.GOLD, held=com(held, to=bank))
    return stock.ship(held, com(paid, to=stock))


def charge(held: Held, grade: Grade) -> Paid:
    if held.cents > 500:
        raise Declined("no money")
    return Paid(held.number, held.cents)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": charge,
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
