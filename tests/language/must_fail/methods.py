"""Methods of values are not called."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def methods(stock: Stock, order: At[Order, "stock"]) -> str:
    name = order.customer.upper()  #! ACC134 order.customer.upper is a method of a value
    return ", ".join([name])  #! ACC134 ', '.join is a method of a value
