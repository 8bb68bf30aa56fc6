"""A role's clock and chance take no arguments; logging is not there yet."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def drawn_with_arguments(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    a = stock.uuid(4)  #! ACC115 stock.uuid takes no arguments
    b = stock.random(seed=1)  #! ACC115 stock.random takes no arguments
    stock.log("here")  #! ACC131 stock.log is not in the language yet
    rate = com(bank.rate(com(order.cents, to=bank)), to=stock)
    return rate if a and b else 0
