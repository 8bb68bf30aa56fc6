"""Expressions that are not in the language."""

from __future__ import annotations

from accompanist import At, Outcome, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def expressions(stock: Stock, order: At[Order, "stock"]) -> int:
    a = ...  #! ACC131 ... cannot be a value here
    b = (n for n in stock.many(order))  #! ACC131 can be used up only once
    c = order.__class__  #! ACC131 __class__ is private
    d = Outcome(True, 1, "")  #! ACC131 Outcome cannot be used here
    e = stock.log()  #! ACC131 stock.log is not in the language yet
    f = Order  #! ACC131 Order is not a value in a choreography
    g = 2j  #! ACC131 2j cannot be a value here
    return 1 if a or b or c or d or e or f or g else 2
