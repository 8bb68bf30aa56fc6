"""break, continue, else and return in loops: each is a choice that whoever acts is told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Post, Stock


@choreography
def break_continue(stock: Stock, bank: Bank, post: Post, orders: At[list[Order], "stock"]) -> At[str, "stock"]:
    found = ""
    for order in orders:
        if order.cents < 0:
            continue
        grade = com(bank.grade(com(order.customer, to=bank)), to=stock)
        if grade.name == "GOLD":
            found = order.customer
            break
        if order.cents > 1000:
            return "stopped"
        stock.hold(order)
    else:
        found = "nobody"
    while True:
        if len(found) > 6:
            break
        slot = com(post.book(com(found, to=post)), to=stock)
        found = found + str(slot)
    return found


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD if customer == "zoe" else Grade.PLAIN,
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"orders": []},
    {"orders": [Order("ann", 5), Order("bob", -1), Order("zoe", 2), Order("dan", 3)]},
    {"orders": [Order("ann", 5), Order("bob", 2000), Order("zoe", 2)]},
    {"orders": [Order("bob", -1), Order("bob", 1)]},
]
