"""A key takes one plain argument, and looks at values of one place."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def keys_of_sorted(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    many = stock.many(order)
    rate = bank.rate(com(len(many), to=bank))
    a = sorted(many, key=lambda *one: 1)  #! ACC160 a key takes one plain argument
    b = min(many, key=lambda one: one.cents - rate)  #! ACC112 together
    c = max(many, key=lambda one: stock.hold(one).cents)  #! ACC133 stock.hold stands inside a lambda
    d = map(lambda one: one, many)  #! ACC131 map is not in the language
    back = com(rate, to=stock)
    return back if a and b.cents and c and d else 0
