"""Loops in which nobody is asked anything: whoever needs the value goes through them by itself, up to a bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Order, Stock


@choreography
def local_loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    known = share(order.cents, to=[bank])
    steps = 0
    while known != 1:
        if known == 0:
            break
        known = known // 2 if known % 2 == 0 else 3 * known + 1
        steps = steps + 1
    for number in range(known):
        steps = steps + number
    com(stock.has(order), to=bank)
    while steps > 500:
        pass
    return steps


WORKERS: dict[str, Callable[..., Any]] = {"stock.has": lambda order: True}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", cents)} for cents in (0, 1, 6, 27)]
