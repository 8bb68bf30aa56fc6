"""What follows an early return inside a branch is copied, and the copies have a bound."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def too_many_copies(stock: Stock, order: At[Order, "stock"]) -> int:
    last = 0  #! ACC103 there are more than 4000 points
    if order.cents > 0:
        if stock.has(order):
            return 0
        last = 0
    if order.cents > 1:
        if stock.has(order):
            return 1
        last = 1
    if order.cents > 2:
        if stock.has(order):
            return 2
        last = 2
    if order.cents > 3:
        if stock.has(order):
            return 3
        last = 3
    if order.cents > 4:
        if stock.has(order):
            return 4
        last = 4
    if order.cents > 5:
        if stock.has(order):
            return 5
        last = 5
    if order.cents > 6:
        if stock.has(order):
            return 6
        last = 6
    if order.cents > 7:
        if stock.has(order):
            return 7
        last = 7
    if order.cents > 8:
        if stock.has(order):
            return 8
        last = 8
    if order.cents > 9:
        if stock.has(order):
            return 9
        last = 9
    if order.cents > 10:
        if stock.has(order):
            return 10
        last = 10
    if order.cents > 11:
        if stock.has(order):
            return 11
        last = 11
    return last
