"""Calls of other choreographies that do not fit."""

from __future__ import annotations

from collections.abc import Callable

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def inner(stock: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:
    return stock.hold(order).cents


@choreography
def twice(a: Stock, b: Stock, order: At[Order, "a"]) -> At[int, "b"]:
    return b.hold(com(order, to=b)).cents


@choreography
def applied(stock: Stock, order: At[Order, "stock"], step: Callable[..., int]) -> At[int, "stock"]:
    return step(stock, order)


@choreography
def returning(stock: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:
    for one in stock.many(order):
        return one.cents  #! ACC147 a return inside a loop of a choreography that is called
    return 0


@choreography
def outer(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    a = inner(bank, order)  #! ACC146 bank is a Bank, and inner takes a Stock
    b = inner(stok, order)  #! ACC111 stok is not a role
    c = inner(stock)  #! ACC115 inner takes stock, order
    d = twice(stock, stock, order)  #! ACC146 stock cannot be two roles of twice at once
    e = applied(stock, order, 5)  #! ACC146 5 is not a choreography
    f = inner(stock, com(order, to=bank))  #! ACC113 inner takes order at stock
    g = inner(*order)  #! ACC129 arguments are spread
    h = returning(stock, order)
    i = 0 if a else inner(stock, order)  #! ACC133 inner stands inside a conditional expression
    return a + b + c + d + e + f + g + h + i
