"""A refusal as a value: the bank declines, another price is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, attempt, choreography, com
from accompanist.language.direct import Declined
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def attempt_fallback(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    there = com(held, to=bank)
    first = attempt(bank.charge(there, Grade.PLAIN))
    if first.ok:
        paid = first.value
    else:
        paid = bank.charge(Held(first.reason, there.cents // 2), Grade.GOLD)
    return stock.ship(held, com(paid, to=stock))


def charge(held: Held, grade: Grade) -> Paid:
    if held.cents > 500:
        raise Declined("expensive")
    return Paid(f"{held.number}-{grade.value}", held.cents)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": charge,
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", cents)} for cents in (100, 900, 9000)]
