"""Nothing but queries: nothing to undo, no commit point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Order, Stock


@choreography
def query_only(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[bool, "stock"]:
    gold = bank.grade(com(order.customer, to=bank)) == Grade.GOLD
    known = com(gold, to=stock)
    return stock.has(order) and known


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.has": lambda order: order.cents > 5,
    "bank.grade": lambda customer: Grade.GOLD,
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 1)}, {"order": Order("ann", 10)}]
