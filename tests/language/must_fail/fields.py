"""Only declared fields are read, only declared members exist."""

from __future__ import annotations

from enum import Enum

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


class Colour(Enum):
    RED = 1


@choreography
def fields(stock: Stock, order: At[Order, "stock"]) -> int:
    cents = order.cent  #! ACC143 Order has no field cent
    held = stock.hold(order)
    total = held.cents + held.total  #! ACC143 Held has no field total
    blue = Colour.BLUE  #! ACC110 Colour.BLUE is not known here
    return total + cents if blue else 0
