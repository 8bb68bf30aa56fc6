"""Diffie-Hellman: two secrets are compared that nobody has both of."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def secrets_compared(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    at_stock = stock.hold(order).cents
    at_bank = bank.rate(com(5 + order.cents, to=bank))
    return 1 if at_stock == at_bank else 0  #! ACC112 no role owns at_stock and at_bank together
