"""Exceptions are choices that one role alone knows."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def exceptions(stock: Stock, order: At[Order, "stock"]) -> int:
    assert order.cents > 0  #! ACC123 `assert` is not in the language
    try:  #! ACC123 `try` is not in the language
        held = stock.hold(order)
    except ValueError:
        raise
    if held.cents > 5:
        raise ValueError("no")  #! ACC123 `raise` is not in the language
    return held.cents
