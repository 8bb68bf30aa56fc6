"""A loop over values of one role: the role in its body is told of each turn, and of the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Held, Order, Post, Stock


@choreography
def for_each(stock: Stock, post: Post, names: At[list[str], "stock"]) -> At[int, "stock"]:
    total = 0
    for name in names:
        held = stock.hold(Order(name, 5))
        slot = post.book(com(held.number, to=post))
        total = total + com(slot, to=stock)
    return total


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held(order.customer, 1),
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"names": []}, {"names": ["ann"]}, {"names": ["ann", "bob", "carla"]}]
