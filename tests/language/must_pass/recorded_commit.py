"""A saga without a pivot commits by a record: what may fail comes before it, what cannot be undone after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Post, Stock


@choreography
def recorded_commit(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    held = stock.hold(order)
    paid = com(bank.charge(com(held, to=bank), Grade.PLAIN), to=stock)
    stock.commit()
    return post.mail(com(order.customer, to=post), com(paid.number, to=post))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "post.mail": lambda to, text: len(to + text),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}]
