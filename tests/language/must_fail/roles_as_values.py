"""Roles are not values, and operations are called."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def roles_as_values(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    friend = bank  #! ACC117 the role bank is not a value
    both = [stock, order]  #! ACC117 the role stock is not a value
    call = bank.rate  #! ACC117 bank.rate is an operation and is called
    if stock == friend:  #! ACC117 the role stock is not a value
        com(order, to=bank)
    return call(both)  #! ACC134 call is a value and cannot be called
