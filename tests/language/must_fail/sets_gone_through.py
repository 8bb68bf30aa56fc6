"""A loop over a set has no order, and one over something outside may change."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


NAMES = ["ann"]
NAMES.append("bob")


@choreography
def sets_gone_through(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    for number in {1, 2}:  #! ACC138 this goes through a set
        stock.hold(order)
    for name in NAMES:  #! ACC137 NAMES is not a constant
        stock.hold(order)
    return com(rate, to=stock)
