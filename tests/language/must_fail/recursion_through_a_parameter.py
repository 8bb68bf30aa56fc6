"""A choreography that calls itself through one that it is given cannot be seen to end."""

from __future__ import annotations

from collections.abc import Callable

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Order, Stock


@choreography
def applied(stock: Stock, order: At[Order, "stock"], step: Callable[..., int]) -> At[int, "stock"]:
    if order.cents < 5:
        return 0
    return step(stock, order, step)  #! ACC122 applied calls itself through a choreography


@choreography
def recursion_through_a_parameter(stock: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:
    return applied(stock, order, applied)
