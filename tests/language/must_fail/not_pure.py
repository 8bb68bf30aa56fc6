"""Functions that are not @pure, or say so and are not."""

from __future__ import annotations

import math
import time

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock

seen: list[str] = []
turns = 0
turns = 1


def plain(order: Order) -> int:
    return order.cents


later = lambda: time.time()  # noqa: E731  #! ACC135 time.time reads a clock, so this is not pure
table = (plain, 1)  #! ACC136 plain is not a @pure function, so this is not pure either


@pure
def clocked(order: Order) -> float:
    now = later() + table[1] + time.time()  #! ACC135 time.time reads a clock, so this is not pure
    return now + plain(order)  #! ACC136 plain is not a @pure function, so this is not pure either


@pure
def remembers(order: Order) -> int:
    seen.append(order.customer)  #! ACC137 seen may be changed
    return turns  #! ACC137 turns can change


@pure
def ordered(order: Order) -> list[str]:
    letters = set(order.customer)
    known = {"a", "b"}
    count = len(letters & known) + sum(1 for one in sorted(letters) if one in {"x"})
    joined = "".join(letters)  #! ACC138 sets have no order
    loose = [one for one in known]  #! ACC138 sets have no order
    return [joined, str(count), *loose, *list({"z"})]  #! ACC138 sets have no order


@choreography
def not_pure(stock: Stock, order: At[Order, "stock"]) -> float:
    a = plain(order)  #! ACC136 plain is not a @pure function
    b = math.exp(a)  #! ACC135 math.exp() may be rounded otherwise on another machine
    c = clocked(order) + remembers(order) + len(ordered(order))
    d = len(seen)  #! ACC137 seen is not a constant
    e = turns  #! ACC137 turns is not a constant
    f = list({a, d})  #! ACC138 sets have no order
    g = sorted({n for n in [1, 2]}, key=lambda n: -n)  #! ACC138 sets have no order
    h = f"{set([1])}"  #! ACC138 sets have no order
    return b + c + e + len(f) + len(g) + len(h)
