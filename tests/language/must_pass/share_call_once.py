"""The operand of share is a role call: it must happen once, though two roles own the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, share
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Stock


@choreography
def share_call_once(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = share(stock.hold(order), to=[bank])
    paid = share(bank.charge(held, Grade.PLAIN), to=[stock])
    if paid.cents > held.cents:
        bank.abort(f"charged {paid.cents} for {held.cents}")
    return stock.ship(held, paid)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents + (1 if held.cents > 500 else 0)),
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
