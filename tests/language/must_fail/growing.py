"""A value whose type grows with each turn has none that its receiver could decode; a set shows no order."""

from __future__ import annotations

from accompanist import At, choreography, com, pure
from tests.language.must_fail.shop import Bank, Order, Stock


@pure
def customers(orders: list[Order]) -> set[str]:
    return {order.customer for order in orders}


@choreography
def growing(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    pair = (0, 0)
    for name in customers([order]):  #! ACC138 this goes through a set
        pair = (pair, name)
    com(pair, to=bank)  #! ACC140 the type of pair is not known
    names = [name for name in customers([order])]  #! ACC138 this goes through a set
    return bank.rate(com(len(names), to=bank))
