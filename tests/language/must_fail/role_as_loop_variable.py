"""A loop does not give a role's name to a value, nor a builtin's."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def role_as_loop_variable(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    for bank in stock.many(order):  #! ACC118 bank is a role
        com(order, to=bank)
    for len in stock.many(order):  #! ACC118 len is a builtin
        stock.hold(len)
    return 1
