"""Bookseller: the date is at the seller, and the result is promised to the buyer."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def bookseller_date(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    date = bank.rate(com(order.cents, to=bank))
    return date  #! ACC113 the result belongs to stock, but date is at bank
