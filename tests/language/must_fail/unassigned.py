"""Names that are not assigned on every path, or nowhere."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def unassigned(stock: Stock, order: At[Order, "stock"]) -> int:
    if order.cents > 5:
        held = stock.hold(order)
    number = held.number + nowhere  #! ACC110 held is not assigned on every path #! ACC110 the name nowhere is not known
    later = early  #! ACC110 early is not assigned
    early = len(number) + lenght(later)  #! ACC110 the name lenght is not known
    return early
