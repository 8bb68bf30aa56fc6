"""Bookseller: the buyer compares a price that only the seller knows."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def bookseller_price(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    price = bank.rate(5)
    if price <= order.cents:  #! ACC112 no role owns price and order together
        return 1
    return 0
