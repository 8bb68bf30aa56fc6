"""A call that may or may not happen is a choice."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def hidden_choices(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    a = order.cents > 5 and stock.has(order)  #! ACC133 stock.has stands to the right of and/or
    b = stock.hold(order).cents if a else 0  #! ACC133 inside a conditional expression
    many = stock.many(order)
    c = [one for one in many if stock.has(one)]  #! ACC133 stock.has stands inside a comprehension
    d = 1 < order.cents < stock.hold(order).cents  #! ACC133 behind another comparison
    e = a or com(b, to=bank) > 5  #! ACC133 com stands to the right of and/or
    return bank.rate(com(1 if c or d or e else 0, to=bank))
