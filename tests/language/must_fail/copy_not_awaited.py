"""A replicated store: the primary uses the answer of the backup without having got it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def copy_not_awaited(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    copied = bank.rate(com(order.cents, to=bank))
    held = stock.hold(order)
    return held.cents + copied  #! ACC112 no role owns held and copied together
