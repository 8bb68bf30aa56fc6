"""The initiator is not the first role, and nothing comes back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Order, Post


@choreography
def last_role_starts(post: Post, bank: Bank, order: At[Order, "bank"]) -> None:
    grade = bank.grade(order.customer)
    text = "golden" if grade == Grade.GOLD else "dear"
    post.book(parcel=com(f"{text} {order.customer}", to=post))


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD if customer == "ann" else Grade.PLAIN,
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 1)}, {"order": Order("bob", 1)}]
