"""Patterns that are not conditions on the subject."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def matching(stock: Stock, order: At[Order, "stock"]) -> int:
    match order:
        case {"cents": 1}:  #! ACC121 takes a number of parts that is not known
            found = 1
        case Order(customer="ann") | Order(cents=x):  #! ACC121 a name inside `|`
            found = 2
        case Order("ann", 1, 2):  #! ACC121 Order has 2 fields
            found = 2
        case Stock():  #! ACC121 Stock is not a message type
            found = 2
        case int(cents=5):  #! ACC121 int has no fields
            found = 2
        case [1, *others]:  #! ACC129 a star takes a number of values
            found = 3
        case Order(size=3):  #! ACC143 Order has no field size
            found = 2
        case Order() if stock.has(order):  #! ACC133 stock.has stands to the right of and/or
            found = 2
        case _:
            found = 4
        case 5:  #! ACC121 the case above takes everything
            found = 5
    return found
