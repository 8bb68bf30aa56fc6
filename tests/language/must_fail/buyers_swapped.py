"""Two buyers: a seller cannot stand in for a buyer."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def decide(one: Stock, two: Stock, order: At[Order, "one"]) -> At[bool, "one"]:
    com(order, to=two)
    return one.has(order)


@choreography
def buyers_swapped(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    return 1 if decide(stock, bank, order) else 0  #! ACC146 bank is a Bank, and decide takes a Stock
