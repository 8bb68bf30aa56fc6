"""What a loop cannot do: go on after break, name roles and values in one tuple, end where there is none."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def loops(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    total = 0
    for one in stock.many(order):
        com(one, to=bank)
        break
        total = total + one.cents  #! ACC132 this is never reached
    for role in (stock, order):  #! ACC145 order is not a role, and others here are
        com(order, to=bank)
    for role in (stock, bank):
        break  #! ACC145 `break` in a loop over roles
    for a, b in (stock, bank):  #! ACC145 a loop over roles binds one name
        com(order, to=bank)
    for one, role in zip((1, 2), (stock, bank)):  #! ACC145 zip of roles is not a loop over roles
        role.hold(com(order, to=role))
    async for one in stock.many(order):  #! ACC128 `async for` is not in the language
        total = 3
    for *rest, *last in stock.many(order):  #! ACC129 two stars
        total = 4
    for order.cents in stock.many(order):  #! ACC130 would be changed in place
        total = 5
    return total
