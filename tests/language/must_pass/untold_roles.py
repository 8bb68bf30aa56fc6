"""The branch is the stock's own business: neither the bank nor the post needs telling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Post, Stock


@choreography
def untold_roles(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    if order.cents > 500:
        held = stock.hold(order)
    else:
        held = Held("small", order.cents)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    return post.book(com(paid.number, to=post))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
