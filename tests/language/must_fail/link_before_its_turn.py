"""A chain: the second link adds before anything has come to it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def link_before_its_turn(stock: Stock, bank: Bank, other: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    early = other.rate(5)  #! ACC156 other acts here before any message has reached it
    return com(rate, to=stock) + com(early, to=stock)
