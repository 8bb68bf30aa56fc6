"""Web shop: two things on one path cannot be undone."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def delivered_twice(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    burnt = com(bank.burn(com(held.cents, to=bank)), to=stock)
    return stock.ship(held) + burnt  #! ACC152 neither can bank.burn of line 12
