"""A constant is known to every role: sending it tells nobody anything, so it does not make a role wait or begin."""

from __future__ import annotations

from accompanist import At, choreography, com, share
from tests.language.must_fail.shop import Bank, Order, Stock

READY = True


@choreography
def told_nothing(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    com(True, to=bank)  #! ACC172 every role knows True, so nothing is sent
    rate = bank.rate(com(held.cents, to=bank))
    share(READY, to=[bank])  #! ACC172 every role knows READY, so nothing is sent
    return com(rate, to=stock)


@choreography
def waits_for_nothing(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    return held.cents + com(bank.rate(com(5, to=bank)), to=stock)  #! ACC156 every role knows 5


@choreography
def begins_alone(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(1, to=bank)  #! ACC172 every role knows 1, so nothing is sent
    return com(bank.rate(2), to=stock)
