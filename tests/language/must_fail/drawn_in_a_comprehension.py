"""Drawing inside a comprehension happens a number of times that others do not know."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def drawn_in_a_comprehension(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    many = [stock.random() for one in stock.many(order)]  #! ACC133 stock.random stands inside a comprehension #! ACC133 stock.many stands inside a comprehension
    rate = bank.rate(com(len(many), to=bank))
    return com(rate, to=stock)
