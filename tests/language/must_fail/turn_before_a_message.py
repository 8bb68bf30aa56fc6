"""A role acts in a loop over a constant, and no message leads to it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def turn_before_a_message(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    total = order.cents
    for i in range(3):
        total = total + com(bank.rate(i), to=stock)  #! ACC156 bank acts here before any message has reached it
    return total
