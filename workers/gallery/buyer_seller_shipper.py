"""Buyer, seller and shipper: whoever is paid for the goods is not who brings them.

The buyer asks for a price and decides. If it takes the goods, the seller holds them, the shipper names a day, and the
buyer hears of the day from the shipper, not by way of the seller. If it does not, the shipper has nothing to do: no
message reaches it, so its sidecar never starts a session, and the seller is told the end. In a language with explicit
selections both of them are told in both branches. The buyer's decision is a query of its own worker, which knows what
it may spend, so the price it would have paid stays its own. The parcel is what cannot be undone: it is the last step,
behind everything that may fail, and the compiler checks that.

Source: the buyer-seller-shipper protocol of Carbone and Montesi, Deadlock-freedom-by-design (POPL 2013), and the
example of that name of choral-lang/choral.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Buyer(Role):
    @query
    def takes(self, cents: int) -> bool: ...


class Seller(Role):
    @query
    def price(self, title: str) -> int: ...

    @transaction
    def hold(self, title: str) -> str: ...

    @hold.compensation
    def put_back(self, title: str) -> None: ...


class Shipper(Role):
    @transaction
    def send(self, copy: str) -> str: ...


@choreography
def buyer_seller_shipper(buyer: Buyer, seller: Seller, shipper: Shipper, title: At[str, "buyer"]) -> At[str, "buyer"]:
    wanted = com(title, to=seller)
    price = com(seller.price(wanted), to=buyer)
    if buyer.takes(price):
        day = shipper.send(com(seller.hold(wanted), to=shipper))
        return com(day, to=buyer)
    return "too dear"


WORKERS: dict[str, Callable[..., Any]] = {
    "buyer.takes": lambda cents: cents < 1000,
    "seller.price": lambda title: len(title) * 100,
    "seller.hold": lambda title: f"copy of {title}",
    "shipper.send": lambda copy: f"Friday: {copy}",
}
ARGUMENTS: list[dict[str, Any]] = [{"title": "Emma"}, {"title": "War and Peace"}]
RESULTS: list[Any] = ["Friday: copy of Emma", "too dear"]
