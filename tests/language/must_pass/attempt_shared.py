"""The outcome of an attempt is shared; both roles branch on it by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, attempt, choreography, com, share
from accompanist.language.direct import Declined
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def attempt_shared(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    outcome = share(attempt(bank.charge(com(held, to=bank), Grade.PLAIN)), to=[stock])
    if not outcome.ok:
        stock.abort(f"declined: {outcome.reason}")
    return stock.ship(held, outcome.value)


def charge(held: Held, grade: Grade) -> Paid:
    if held.cents > 500:
        raise Declined("expensive")
    return Paid(held.number, held.cents)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": charge,
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
