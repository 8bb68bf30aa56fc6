"""What moves has a type that is known."""

from __future__ import annotations

import json

from accompanist import At, choreography, com, pure
from tests.language.must_fail.shop import Bank, Order, Stock


@pure
def parsed(order: Order):  # type: ignore
    return json.loads(order.customer)


@choreography
def unknown_types(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    a = com(parsed(order), to=bank)  #! ACC140 the type of parsed(order) is not known
    d: Nowhere = order.cents  #! ACC140 the name `Nowhere` is not known here
    e = [n for n in parsed(order)]
    f = com(e, to=bank)  #! ACC140 the type of e is not known
    return bank.rate(len([a, f]))


@choreography
def unknown_parameter(
    stock: Stock,
    order: At[Nothing, "stock"],  #! ACC140 the name `Nothing`
    other: Missing,  #! ACC140 the name `Missing`
) -> None:
    stock.hold(order)
