"""A loop's guard compares values that no role has together."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def guard_of_nobody(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    while rate < order.cents:  #! ACC112 no role owns rate and order together
        rate = rate + 1
    return 0
