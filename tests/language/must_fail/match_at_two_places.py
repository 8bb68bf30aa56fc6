"""A match looks at values that no role has together."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def match_at_two_places(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    match (rate, order):  #! ACC112 no role owns rate and order together
        case (1, _):
            return 1
        case _:
            return 0
