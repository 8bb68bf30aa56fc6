"""What may fail at another role must be known before the pivot."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def beside(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    bank.charge(com(held, to=bank))
    return stock.ship(held)  #! ACC150 stock does not know whether bank.charge of line 12 went well


@choreography
def abort_beside(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    rate = bank.rate(com(order.cents, to=bank))
    com(rate, to=stock)
    if rate > 5:
        bank.abort("dear")
    return stock.ship(held)  #! ACC150 stock does not know whether bank.abort of line 22 happened
