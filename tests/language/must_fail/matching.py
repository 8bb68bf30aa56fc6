"""match is not in the language yet."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def matching(stock: Stock, order: At[Order, "stock"]) -> int:
    match order.cents:  #! ACC121 `match` is not in the language yet
        case 1:
            found = 1
        case _:
            found = 2
    return found
