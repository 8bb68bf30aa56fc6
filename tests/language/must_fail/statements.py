"""Statements that do nothing."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def statements(stock: Stock, order: At[Order, "stock"]) -> int:
    """Its docstring is fine."""
    order.cents + 1  #! ACC132 the value of this line goes nowhere
    order  #! ACC132 the value of this line goes nowhere
    cents: int
    return order.cents
    stock.hold(order)  #! ACC132 this is never reached
