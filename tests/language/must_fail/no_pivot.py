"""Retriable transactions that cannot be undone come after the commit point, and there has to be a place for one."""

from __future__ import annotations

from accompanist import At, attempt, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def no_pivot(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    told = bank.tell(com(order.cents, to=bank))  #! ACC153 nothing commits the saga before it on this path
    stock.hold(order)
    return told


@choreography
def beside(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    cents = com(order.cents, to=bank)
    stock.ship(stock.hold(order))
    return bank.tell(cents)  #! ACC153 bank does not know whether stock.ship of line 19 went well


@choreography
def attempted(stock: Stock, order: At[Order, "stock"]) -> bool:
    return attempt(stock.ship(stock.hold(order))).ok  #! ACC155 stock.ship cannot be undone, so it is the pivot
