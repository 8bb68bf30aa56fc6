"""A role begins with a message, and every role takes part."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def unreached(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(5, to=bank))  #! ACC156 bank acts here before any message has reached it
    return com(rate, to=stock) + order.cents


@choreography
def idle(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:  #! ACC157 bank takes no part in idle
    return stock.hold(order).cents
