"""A called choreography ends without the result that it promises."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def rated(a: Stock, b: Bank, x: At[int, "a"]) -> At[int, "a"]:
    if x > 5:  #! ACC144 rated ends here without a result
        return com(b.rate(com(x, to=b)), to=a)


@choreography
def called_ends_without(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    return rated(stock, bank, order.cents)
