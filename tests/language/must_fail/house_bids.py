"""Auction: the house stands among the bidders and has no bid."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def house_bids(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    total = 0
    for bidder in (stock, bank):
        total = com(bidder.charge(com(stock.hold(order), to=bidder)), to=stock)  #! ACC111 Stock has no operation charge
    return total
