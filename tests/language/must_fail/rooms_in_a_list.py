"""Hotel search: a list is shared, and one of those who have it might change it."""

from __future__ import annotations

from accompanist import At, choreography, com, share
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def rooms_in_a_list(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rooms = share([order.cents, 5], to=[bank])  #! ACC142 a list can be changed in place
    return com(bank.rate(rooms[0]), to=stock)
