"""Operands of one expression live at different roles."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def no_single_owner(stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(cents)  #! ACC113 bank.rate takes cents at bank, but cents is at stock
    total = rate + order.cents  #! ACC112 no role owns rate and order together
    if rate > order.cents:  #! ACC112 no role owns every operand
        total = 1
    return total
