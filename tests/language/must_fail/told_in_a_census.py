"""A loop over roles tells each of them what only one role knows: one mistake, in the loop's own words."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def told_in_a_census(stock: Stock, one: Bank, two: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    total = 0
    for bank in (one, two):
        total = total + com(bank.rate(order.cents), to=stock)  #! ACC113 bank.rate takes cents at bank, but order.cents is at
    return total
