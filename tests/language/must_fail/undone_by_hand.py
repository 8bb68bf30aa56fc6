"""Web shop: what was held is given back by hand."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def undone_by_hand(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    rate = com(bank.rate(com(held.cents, to=bank)), to=stock)
    if rate > 5:
        stock.free(order)  #! ACC164 free is a compensation
    return rate
