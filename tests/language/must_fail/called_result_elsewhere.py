"""A called choreography gives its result at one role, and it is used at another."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def rated(a: Stock, b: Bank, x: At[int, "a"]) -> At[int, "b"]:
    return b.rate(com(x, to=b))


@choreography
def called_result_elsewhere(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = rated(stock, bank, order.cents)
    return rate  #! ACC113 the result belongs to stock, but rate is at bank
