"""The post takes part in one branch only and nothing happens to it after: in the other it is never started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Order, Post, Stock


@choreography
def idle_role_not_started(stock: Stock, post: Post, order: At[Order, "stock"]) -> At[str, "stock"]:
    if order.cents > 500:
        number = com(post.book(com(order.customer, to=post)), to=stock)
        answer = f"booked {number}"
    else:
        answer = "picked up"
    return answer


WORKERS: dict[str, Callable[..., Any]] = {"post.book": lambda parcel: len(parcel)}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
