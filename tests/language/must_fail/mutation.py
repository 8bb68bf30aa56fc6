"""Values are not changed in place; a name may be given another."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def mutation(stock: Stock, order: At[Order, "stock"]) -> int:
    many = stock.many(order)
    order.cents = 5  #! ACC130 order.cents would be changed in place
    many[0] = order  #! ACC130 many[0] would be changed in place
    order.cents += 5  #! ACC130 order.cents would be changed in place
    order.cents, total = 1, 2  #! ACC130 order.cents would be changed in place
    return total
