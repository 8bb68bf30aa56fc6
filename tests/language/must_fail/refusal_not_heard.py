"""Escrow: the money is released without knowing whether the parcel was refused."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def refusal_not_heard(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    cents = com(order.cents, to=bank)
    if order.cents > 500:
        stock.abort("too dear")
    burnt = bank.burn(cents)  #! ACC150 does not know whether stock.abort
    return com(burnt, to=stock)
