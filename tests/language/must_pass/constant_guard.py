"""A guard that every role knows, because it is computed from constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Order, Post, Stock

WITH_POST = True


@choreography
def constant_guard(stock: Stock, post: Post, order: At[Order, "stock"]) -> At[int, "stock"]:
    if WITH_POST and 2 > 1:
        number = com(post.book(com(order.customer, to=post)), to=stock)
    else:
        number = 0
    return number


WORKERS: dict[str, Callable[..., Any]] = {"post.book": lambda parcel: len(parcel)}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}]
