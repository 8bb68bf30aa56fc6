"""Two buyers: how they decide is a choreography, and a function is none."""

from __future__ import annotations

from collections.abc import Callable

from accompanist import At, choreography, com, pure
from tests.language.must_fail.shop import Bank, Order, Stock


@pure
def cheap(cents: int) -> bool:
    return cents < 5


@choreography
def buy(one: Stock, two: Bank, order: At[Order, "one"], decide: Callable[..., bool]) -> At[bool, "one"]:
    com(order, to=two)
    return decide(one, two, order)


@choreography
def decision_is_a_function(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    yes = buy(stock, bank, order, cheap)  #! ACC146 cheap is not a choreography
    return 1 if yes else 0
