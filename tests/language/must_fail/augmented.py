"""`x += y` is an assignment where x cannot be changed in place, and nothing else."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def augmented(stock: Stock, order: At[Order, "stock"]) -> int:
    many = stock.many(order)
    many += [order]  #! ACC130 many is of type list[Order], and an augmented assignment may change it in place
    both = order
    both |= order  #! ACC130 both is of type Order
    total = 2
    total += order.cents
    later += 1  #! ACC110 later is not assigned
    stock += 1  #! ACC118 stock is a role
    return total
