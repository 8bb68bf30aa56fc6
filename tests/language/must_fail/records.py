"""A record commits the saga like a pivot: once on a path, after all that may fail, and before all that cannot."""

from __future__ import annotations

from accompanist import At, attempt, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def twice(stock: Stock, order: At[Order, "stock"]) -> None:
    stock.hold(order)
    stock.commit()
    if order.cents > 3:
        stock.commit()  #! ACC152 stock.commit commits the saga, and stock.commit of line 12 commits the saga


@choreography
def and_a_pivot(stock: Stock, order: At[Order, "stock"]) -> int:
    held = stock.hold(order)
    stock.commit()
    return stock.ship(held)  #! ACC152 stock.ship cannot be undone, and stock.commit of line 20 commits the saga


@choreography
def too_early(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    held = com(stock.hold(order), to=bank)
    stock.commit()
    paid = bank.charge(held)  #! ACC151 bank.charge runs beside stock.commit of line 27, which commits the saga
    return bank.tell(paid)  #! ACC153 bank does not know whether stock.commit of line 27 went well


@choreography
def in_the_dark(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> None:
    bank.charge(com(stock.hold(order), to=bank))
    stock.commit()  #! ACC150 stock.commit commits the saga, but stock does not know whether bank.charge of line 34


@choreography
def each_turn(stock: Stock, order: At[Order, "stock"]) -> None:
    for _ in range(order.cents):
        stock.commit()  #! ACC158 stock.commit commits the saga, and another turn


@choreography
def at_two_roles(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> None:
    cents = com(stock.hold(order).cents, to=bank)
    if order.cents > 3:
        stock.commit()
    else:
        com(order.cents, to=bank)
        bank.commit()  #! ACC154 this path commits at bank


@choreography
def attempted(stock: Stock, order: At[Order, "stock"]) -> bool:
    return attempt(stock.commit()).ok  #! ACC116 stock.commit never declines
