"""attempt wraps exactly one role call."""

from __future__ import annotations

from accompanist import At, attempt, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def wrong_attempts(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    first = attempt(com(order.cents, to=bank))  #! ACC116 something that is not a role call
    second = attempt(order.cents)  #! ACC116 something that is not a role call
    third = attempt(stock.hold(order).cents)  #! ACC116 attempt wraps exactly one role call
    return bank.rate(com(first.value + second.value + third.value, to=bank))
