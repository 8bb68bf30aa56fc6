"""The post acts in both outer branches, so it is told there, and again inside, also where it is idle then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Order, Post, Stock


@choreography
def nested_idle_told(stock: Stock, post: Post, order: At[Order, "stock"]) -> None:
    if order.cents > 500:
        if stock.has(order):
            post.book(com(order.customer, to=post))
    else:
        post.book(com("small " + order.customer, to=post))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.has": lambda order: order.customer == "ann",
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order(name, cents)} for name in ("ann", "bob") for cents in (100, 900)]
