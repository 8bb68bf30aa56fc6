"""A result is declared, and a declared result is returned."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def undeclared(stock: Stock, order: At[Order, "stock"]) -> None:
    return stock.hold(order)  #! ACC144 undeclared declares no result


@choreography
def forgotten(stock: Stock, order: At[Order, "stock"]) -> int:
    stock.hold(order)  #! ACC144 ends here without a result


@choreography
def sometimes(stock: Stock, order: At[Order, "stock"]) -> int:
    if order.cents > 5:
        return stock.hold(order).cents  #! ACC144 ends here without a result
