"""The guard of a case is asked of a value that the subject's owner has not."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def match_guard_elsewhere(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    match order:
        case Order(cents=cents) if cents > rate:  #! ACC112 together
            return 1
        case _:
            return 0
