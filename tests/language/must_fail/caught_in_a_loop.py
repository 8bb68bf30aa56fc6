"""A refusal is caught, and only one role would know of it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def caught_in_a_loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    for one in stock.many(order):
        try:  #! ACC123 `try` is not in the language
            stock.hold(one)
        except ValueError:
            break
        with stock:  #! ACC124 `with` is not in the language
            stock.hold(one)
        while one.cents > 1 and (left := one.cents) > 5:  #! ACC127 `:=` assigns inside an expression
            yield left  #! ACC128 a choreography does not yield
    return com(rate, to=stock)
