"""A transaction that cannot be undone, where a second turn may come to it; once left with break it is fine."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def pivot_in_loop(stock: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    count = 0
    while count < 3:
        count = stock.ship(held)  #! ACC158 another turn of the loop of line 13 may come to it
    return count


@choreography
def left_after(stock: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    while True:
        if stock.has(order):
            count = stock.ship(held)
            break
    return count
