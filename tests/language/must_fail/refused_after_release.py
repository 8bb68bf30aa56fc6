"""Escrow: the parcel is refused when the money is gone."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def refused_after_release(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    released = bank.burn(com(held.cents, to=bank))
    known = com(released, to=stock)
    if known < 5:
        stock.abort("parcel refused")  #! ACC151 stock.abort comes after bank.burn of line 12
    return known
