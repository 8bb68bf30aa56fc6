"""A chain of elif, and a match: whoever is told, is told once, whichever case it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Grade, Held, Order, Post, Stock


@choreography
def elif_told_once(stock: Stock, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    name = com(order.customer, to=post)
    if order.cents > 100:
        slot = post.book(name)
    elif order.cents > 50:
        slot = post.book(com("small", to=post) + name)
    elif order.cents > 20:
        slot = 0
    else:
        com(stock.hold(order), to=post)
        slot = post.book("none")
    match order:
        case Order(cents=1):
            slot = slot + post.book(com(Grade.GOLD.name, to=post))
        case Order(cents=2) | Order(cents=200):
            slot = slot * post.book(com("twice", to=post))
        case _:
            slot = slot + post.book(com("rest", to=post))
    return slot


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", cents)} for cents in (1, 2, 30, 60, 150, 200)]
