"""Conditions that are true whatever is in them, and values that have no parts."""

from __future__ import annotations

from enum import Enum

from accompanist import At, attempt, choreography
from tests.language.must_fail.shop import Order, Stock


class Tier(Enum):
    NONE = 0
    GOLD = 1


@choreography
def always_true(stock: Stock, order: At[Order, "stock"], tier: At[Tier, "stock"]) -> At[int, "stock"]:
    held = attempt(stock.hold(order))
    if held:  #! ACC139 held is of type Outcome[Held | None], and always true
        return 1
    if not tier:  #! ACC139 tier is of type Tier
        return 2
    while order.cents > 3 and order:  #! ACC139 order is of type Order
        break
    all_held = stock.many(order)
    many = [one for one in all_held if one]  #! ACC139 one is of type Order
    customer, cents = order  #! ACC143 order is of type Order, and has no parts to unpack
    return cents if held else len(many)  #! ACC139 held
