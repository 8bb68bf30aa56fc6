"""Two roles work beside one another; the pivot waits for both, by what they send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel, Post, Stock


@choreography
def side_by_side(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[Parcel, "stock"]:
    held = stock.hold(order)
    paid = bank.charge(com(held, to=bank), Grade.PLAIN)
    slot = post.book(com(held.number, to=post))
    com(slot, to=stock)  # only so that the stock knows that it is booked
    return stock.ship(held, com(paid, to=stock))


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "post.book": lambda parcel: 7,
    "stock.ship": lambda held, paid: Parcel(paid.number),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}]
