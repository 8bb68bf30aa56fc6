"""Bookseller with one buyer: the price is asked, the buyer decides, the seller delivers or is told that it need not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Buyer(Role):
    @query
    def budget(self, title: str) -> int: ...

    @query
    def share_of(self, cents: int) -> int: ...


class Seller(Role):
    @query
    def price(self, title: str) -> int: ...

    @transaction
    def deliver(self, title: str, address: str) -> str: ...


@choreography
def bookseller(buyer: Buyer, seller: Seller, title: At[str, "buyer"], address: At[str, "buyer"]) -> At[str, "buyer"]:
    wanted = com(title, to=seller)
    price = com(seller.price(wanted), to=buyer)
    if price <= buyer.budget(title):
        date = seller.deliver(wanted, com(address, to=seller))
        answer = com(date, to=buyer)
    else:
        answer = "too dear"
    return answer


WORKERS: dict[str, Callable[..., Any]] = {
    "buyer.budget": lambda title: 2000,
    "seller.price": lambda title: len(title) * 100,
    "seller.deliver": lambda title, address: f"{title} to {address}",
}
ARGUMENTS: list[dict[str, Any]] = [
    {"title": "Emma", "address": "Bath"},
    {"title": "The Man Without Qualities", "address": "Vienna"},
]
RESULTS: list[Any] = ["Emma to Bath", "too dear"]
