"""com and share have one form each."""

from __future__ import annotations

from accompanist import At, choreography, com, share
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def wrong_moves(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    a = com(order.cents, bank)  #! ACC114 com takes one value and `to`
    b = com(order.cents, to=[bank])  #! ACC114 com moves a value to one role
    c = share(order.cents, to=bank)  #! ACC114 share takes a list of roles
    d = share(order.cents, to=[bank, bank])  #! ACC114 names a role twice
    e = share(order.cents, to=[])  #! ACC114 is empty
    return a + b + c + d + e
