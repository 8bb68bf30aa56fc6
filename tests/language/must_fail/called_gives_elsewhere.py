"""A called choreography promises its result to a role that has not got it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def rated(a: Stock, b: Bank, x: At[int, "a"]) -> At[int, "a"]:
    rate = b.rate(com(x, to=b))
    return rate  #! ACC113 rated gives its result at a, but rate is at


@choreography
def called_gives_elsewhere(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    return rated(stock, bank, order.cents)
