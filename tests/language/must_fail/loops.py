"""Loops are not in the language yet."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def loops(stock: Stock, order: At[Order, "stock"]) -> int:
    total = 0
    for one in stock.many(order):  #! ACC120 `for` is not in the language yet
        total = total + one.cents
    while total > 5:  #! ACC120 `while` is not in the language yet
        total = total - 1
        break
    return total
