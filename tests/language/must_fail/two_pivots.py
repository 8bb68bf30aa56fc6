"""A path has one commit point."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def twice(stock: Stock, order: At[Order, "stock"]) -> int:
    held = stock.hold(order)
    number = stock.ship(held)
    return number + stock.ship(held)  #! ACC152 neither can stock.ship of line 12


@choreography
def scattered(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> None:
    if order.cents > 5:
        stock.ship(stock.hold(order))
    else:
        bank.burn(com(order.cents, to=bank))  #! ACC154 this path commits at bank, the one of line 19 at stock
