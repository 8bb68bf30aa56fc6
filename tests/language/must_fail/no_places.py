"""Parameters and results say where they are."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def no_place(
    stock: Stock,
    bank: Bank,
    order: Order,  #! ACC119 order is neither a role nor does it have a place
) -> int:  #! ACC119 the result has no place
    return bank.rate(com(order.cents, to=bank))


@choreography
def no_type(stock: Stock, order) -> None:  #! ACC160 order has no type
    stock.hold(order)
