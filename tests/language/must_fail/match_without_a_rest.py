"""A chat: not every command is treated, so the answer may be missing."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def match_without_a_rest(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order, to=bank)
    match order.cents:  #! ACC149 no case takes what is left, and text is not assigned then
        case 1:
            text = 5
        case 2 | 3:
            text = 7
    return com(bank.rate(5), to=stock) + text
