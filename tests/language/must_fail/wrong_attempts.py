"""attempt wraps neither a role call by itself nor an expression that may raise."""

from __future__ import annotations

from accompanist import At, attempt, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def wrong_attempts(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    first = attempt(com(order.cents, to=bank))  #! ACC116 nor an expression that may raise
    second = attempt(order)  #! ACC116 nor an expression that may raise
    third = attempt(stock.hold(order).cents)  #! ACC116 neither a role call by itself
    return bank.rate(com(first.value + second.value + third.value, to=bank))
