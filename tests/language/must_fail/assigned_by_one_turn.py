"""A name that a turn assigns at one role is not the other's any more."""

from __future__ import annotations

from accompanist import At, choreography, com, share
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def assigned_by_one_turn(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    known = share(order.cents, to=[bank])
    for one in stock.many(order):
        known = bank.rate(known)
        com(one, to=bank)
    return known  #! ACC113 only they know when the loop of line 12 ended
