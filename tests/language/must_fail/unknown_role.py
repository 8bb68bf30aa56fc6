"""Roles and operations that do not exist."""

from __future__ import annotations

from accompanist import At, choreography, com, share
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def unknown_role(
    stock: Stock,
    bank: Bank,
    order: At[Order, "stocks"],  #! ACC111 'stocks' is not a role
) -> At[int, "bank"]:
    return bank.rate(com(order.cents, to=bank))


@choreography
def unknown_operation(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    stock.holt(order)  #! ACC111 Stock has no operation holt
    here = share(order.cents, to=[bank, banc])  #! ACC111 banc is not a role
    return bank.rate(com(here, to="bank"))  #! ACC111 'bank' is not a role
