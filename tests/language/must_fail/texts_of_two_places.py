"""An f-string and a comprehension are computed at one place."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def texts_of_two_places(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    text = f"{order.customer} pays {rate}"  #! ACC112 together
    found = stock.many(order)
    many = [one.cents + rate for one in found]  #! ACC112 together
    pair = (order, rate)  #! ACC112 together
    return len(text) + len(many) + len(pair)
