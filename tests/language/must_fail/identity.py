"""`is` between values; with what there is one of in every process it can stand."""

from __future__ import annotations

from enum import Enum

from accompanist import At, choreography, pure, share
from tests.language.must_fail.shop import Bank, Order, Stock


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@pure
def one_object(first: Order, second: Order) -> bool:
    return first is second  #! ACC177 first is second asks


@choreography
def identity(stock: Stock, bank: Bank, order: At[Order, "stock"], size: At[Size | None, "stock"]) -> At[bool, "stock"]:
    known = share(order.customer, to=[bank])
    same = known is order.customer  #! ACC177 known is order.customer asks
    other = known == "" or order is not order  #! ACC177 order is not order asks
    fine = size is None or size is Size.SMALL or (known == "") is True
    return same or other or fine or one_object(order, order)
