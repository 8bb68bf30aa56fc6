"""Hotel search: a set has no order and does not cross."""

from __future__ import annotations

from accompanist import At, choreography, com, pure
from tests.language.must_fail.shop import Bank, Order, Stock


@pure
def cities(order: Order) -> frozenset[str]:
    return frozenset({order.customer})


@choreography
def rooms_in_a_set(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    found = com(cities(order), to=bank)  #! ACC141 is a set, and a set has no order
    return com(bank.rate(len(found)), to=stock)
