"""A value that is shared is known in every later branch and loop: none of them costs a selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Post, Stock


@choreography
def shared_knowledge(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[int, "post"]:
    known = share(order, to=[bank, post])
    total = 0
    if known.cents > 100:
        held = com(stock.hold(order), to=bank)
    else:
        held = com(Held("small", 1), to=bank)
    for turn in range(known.cents % 4):
        if turn % 2 == 0:
            paid = bank.charge(held, Grade.PLAIN)
            total = total + post.book(com(paid.number, to=post))
    match known.customer:
        case "ann":
            total = total + post.book(known.customer)
        case "bob" if total > 2:
            total = 0
        case _:
            pass
    return total


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order(customer, cents)} for customer, cents in [("ann", 101), ("bob", 3), ("bob", 200), ("zoe", 203)]
]
