"""The post was reached before the branch, so it is told also where it is idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Order, Post, Stock


@choreography
def started_role_is_told(stock: Stock, post: Post, order: At[Order, "stock"]) -> At[str, "stock"]:
    customer = com(order.customer, to=post)
    if order.cents > 500:
        number = com(post.book(customer), to=stock)
        answer = f"booked {number}"
    else:
        answer = "picked up"
    return answer


WORKERS: dict[str, Callable[..., Any]] = {"post.book": lambda parcel: len(parcel)}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
