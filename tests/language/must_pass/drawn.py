"""Clock, identifiers and chance are asked of a role, recorded, and moved like any value; each turn draws its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Order, Post, Stock


@choreography
def drawn(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[list[UUID], "stock"]:
    started = stock.now()
    rates: list[float] = com([started], to=bank)
    numbers: list[UUID] = [stock.uuid()]
    for _ in range(order.cents):
        drawn_here = bank.random()
        rates = rates + [drawn_here]
        numbers = numbers + [com(bank.uuid(), to=stock)]
    late = share(math.fsum(rates) > 5.0, to=[stock, post])
    if late:
        post.book(str(com(numbers[0], to=post)))
    return numbers


WORKERS: dict[str, Callable[..., Any]] = {"post.book": lambda parcel: len(parcel)}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 0)}, {"order": Order("ann", 3)}]
