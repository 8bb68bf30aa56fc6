"""Travel: attempt stands around a move and around a clock."""

from __future__ import annotations

from accompanist import At, attempt, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def attempted_journey(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    flight = attempt(com(order.cents, to=bank))  #! ACC116 neither a role call by itself
    late = attempt(stock.now())  #! ACC116 stock.now never declines
    rate = com(bank.rate(com(5 + order.cents, to=bank)), to=stock)
    return rate if late and flight else 0
