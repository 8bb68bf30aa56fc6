"""The whole result belongs to three roles, one of which learns it by the last share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, share
from tests.language.must_pass.shop import Bank, Grade, Order, Post, Stock


@choreography
def result_at_several(
    stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]
) -> At[str, "stock", "bank", "post"]:
    known = share(order, to=(bank, post))
    grade = bank.grade(known.customer)
    slot = post.book(known.customer)
    code = share(slot, to=[bank, stock])
    word = share(grade.name, to=[stock, post])
    return f"{word}-{code}-{known.cents}"


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD,
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}]
