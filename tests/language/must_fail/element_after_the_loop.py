"""The element of a loop is gone when the loop may have had none."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def element_after_the_loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    for one in stock.many(order):
        bank.rate(com(one.cents, to=bank))
    return one.cents  #! ACC110 the loop of line 12 may have no turn that assigns it
