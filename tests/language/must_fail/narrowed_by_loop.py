"""After a loop a name is owned by those who know how often it was gone through."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def narrowed_by_loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    turns = 0
    for one in stock.many(order):
        turns = turns + 1
        last = one.cents
    rate = bank.rate(turns)  #! ACC113 only they know when the loop of line 13 ended
    return com(rate, to=stock) + last  #! ACC110 the loop of line 13 may have no turn that assigns it
