"""Vital signs: break has no turn to end in a loop that is written out for each role."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Order, Stock


@choreography
def readings_in_a_census(one: Stock, two: Stock, order: At[Order, "one"]) -> At[int, "one"]:
    total = 0
    for device in (one, two):
        if total > 5:
            continue  #! ACC145 `continue` in a loop over roles
        total = total + com(device.hold(com(order, to=device)).cents, to=one)
    return total
