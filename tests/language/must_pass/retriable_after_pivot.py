"""After the pivot everything is retriable, at its own role and at those that hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Post, Stock


@choreography
def retriable_after_pivot(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    held = stock.hold(order)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    parcel = stock.ship(held, com(paid, to=stock))
    return post.mail(com(order.customer, to=post), com(parcel.tracking, to=post))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "stock.ship": lambda held, paid: Parcel(paid.number),
    "post.mail": lambda to, text: len(to + text),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}]
