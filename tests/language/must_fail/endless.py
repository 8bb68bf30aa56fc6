"""Choreographies that call themselves on every path, and a loop that nothing leaves."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    return again(stock, bank, order)


@choreography
def again(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    return loop(stock, bank, order)


@choreography
def endless(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    if order.cents > 5:
        return loop(stock, bank, order)  #! ACC122 loop calls itself on every path
    return com(bank.rate(com(order.cents, to=bank)), to=stock)


@choreography
def round_and_round(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    total = 0
    while True:  #! ACC122 no path leaves this loop
        total = total + com(bank.rate(com(order.cents, to=bank)), to=stock)
