"""Karatsuba: the products are added where they are not."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Order, Stock


@choreography
def multiply(a: Stock, b: Stock, x: At[int, "a"]) -> At[int, "a"]:
    if x < 10:
        return x
    high = multiply(b, a, com(x // 10, to=b))
    return high + x  #! ACC112 no role owns high and x together


@choreography
def products_left_apart(one: Stock, two: Stock, order: At[Order, "one"]) -> At[int, "one"]:
    return multiply(one, two, order.cents)
