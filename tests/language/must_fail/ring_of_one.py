"""Ring election: a step leads from one node to another."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Order, Stock


@choreography
def step(before: Stock, after: Stock, x: At[int, "before"]) -> At[int, "after"]:
    return com(x, to=after)


@choreography
def ring_of_one(one: Stock, two: Stock, order: At[Order, "one"]) -> At[int, "one"]:
    there = step(one, two, order.cents)
    return step(two, two, there)  #! ACC146 two cannot be two roles of step at once
