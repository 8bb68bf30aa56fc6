"""Where nobody wrote the commit point's record, it is put in directly before what cannot be undone, on each path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Post, Stock


@choreography
def commit_put_in(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    held = stock.hold(order)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    to, number = com(order.customer, to=post), com(paid.number, to=post)
    if com(paid.cents > 50, to=post):
        known = post.mail(to, number)
        return known + post.mail(to, "thank you")
    if to == "bob":
        return 0
    return post.mail(to, "small")


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "post.mail": lambda to, text: len(to + text),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order("ann", 100)},
    {"order": Order("ann", 10)},
    {"order": Order("bob", 1)},
]
