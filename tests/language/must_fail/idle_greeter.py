"""A role that is greeted by nobody takes no part."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def idle_greeter(stock: Stock, bank: Bank, other: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:  #! ACC157 other takes no part
    rate = bank.rate(com(order.cents, to=bank))
    return com(rate, to=stock)
