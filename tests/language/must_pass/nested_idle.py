"""Not started in a branch of a branch: the post hears nothing unless both guards hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Order, Post, Stock


@choreography
def nested_idle(stock: Stock, post: Post, order: At[Order, "stock"]) -> None:
    if order.cents > 500:
        if stock.has(order):
            post.book(com(order.customer, to=post))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.has": lambda order: order.customer == "ann",
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order("ann", 100)},
    {"order": Order("ann", 900)},
    {"order": Order("bob", 900)},
]
