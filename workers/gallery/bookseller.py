"""The bookseller with one buyer: the price is asked, the buyer decides, the seller delivers.

The hello-world of choreographic programming. The title goes to the seller, the price comes back, and the buyer
compares it with what it may spend, which its own worker knows. If the buyer takes the book, its address is sent, and
the seller delivers: that cannot be undone, so it is the pivot, and the compiler checks that nothing that may fail
stands behind it. If the book is too dear, the seller has nothing to do but to hear so. One selection tells it of the
branch, and it rides on the address in the branch in which there is one. The answer is a value on either side, of the
same type, so the buyer goes on behind the branch as if nothing had been decided.

Source: the bookseller of Carbone, Honda, Yoshida (2007), and of nearly every paper since, among them HasChor (Shen,
Kashiwa, Kuper, ICFP 2023).
"""

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
