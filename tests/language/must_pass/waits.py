"""Time and events from outside: waited for at one role, moved like any value, raced, and read twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Order, Post, Stock


@choreography
def waits(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[int, "stock"]:
    approval = stock.timeout(stock.event("approved", Order), order.cents + 0.5)
    wanted = share(approval.ok, to=[bank, post])
    if not wanted:
        stock.abort(approval.reason)
    stock.sleep(order.cents)
    rate = bank.event("rate", int)
    bank.sleep(seconds=1)
    again = bank.timeout(bank.event("rate", int), 3600)
    known = com(again.value + rate if again.ok else rate, to=stock)
    for _ in range(2):
        post.sleep(0.25)
        seen = post.event("seen", str)
        known = known + len(com(seen, to=stock))
    return known + approval.value.cents


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.event.approved": lambda: Order("boss", 7),
    "bank.event.rate": lambda: 4,
    "post.event.seen": lambda: "yes",
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 3)}]
