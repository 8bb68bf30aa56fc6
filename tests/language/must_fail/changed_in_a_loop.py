"""A value is built up in place, turn by turn."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def changed_in_a_loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    total = com(bank.rate(com(order.cents, to=bank)), to=stock)
    names = [order.customer]
    counts = {"ann": 1}
    for one in stock.many(order):
        names += [one.customer]  #! ACC130 names is of type list[str], and an augmented assignment may
        names.append(one.customer)  #! ACC130 names.append changes names in place
        counts[one.customer] = 1  #! ACC130 would be changed in place
        del counts  #! ACC126 `del` is not in the language
    return total
