"""The result is declared at a role that does not own it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def result_elsewhere(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock", "bank"]:
    rate = bank.rate(com(order.cents, to=bank))
    return rate  #! ACC113 the result belongs to stock, but rate is at bank
