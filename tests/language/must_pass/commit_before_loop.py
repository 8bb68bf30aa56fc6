"""What cannot be undone is done in a loop: the record is put in before the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Held, Order, Post, Stock


@choreography
def commit_before_loop(stock: Stock, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    held = com(stock.hold(order), to=post)
    sent = 0
    for _ in range(held.cents):
        sent = sent + post.mail(held.number, "again")
    return sent


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "post.mail": lambda to, text: len(to + text),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 0)}, {"order": Order("ann", 3)}]
