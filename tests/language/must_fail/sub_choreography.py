"""A choreography cannot call another yet."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def inner(stock: Stock, order: At[Order, "stock"]) -> int:
    return stock.hold(order).cents


@choreography
def outer(stock: Stock, order: At[Order, "stock"]) -> int:
    return inner(stock, order)  #! ACC122 inner is a choreography
