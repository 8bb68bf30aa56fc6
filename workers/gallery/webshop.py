"""Placing an order in a web shop: stock, then payment, then loyalty, then delivery, which commits.

Four services, each with its own database, and one order that has to be all or nothing. The shop opens the order, the
depot picks the goods, the till charges, the club adds points, the depot hands over. Everything but the last step can
be undone, and the last one cannot: so the depot owns the commit point, and a message has to lead to it from
everything that may fail, which is why the points, which it does not need, are sent there. That the goods are out of
stock is an abort by the shop, that the card is refused a decline by the till: either way nothing is left but what is
recorded of it. No service asks two others, and none of them knows the whole.

Source: the web shop of the paper on Accompanist (arXiv 2603.20942) and of chords-project/choral-webshop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, transaction
from accompanist.language.direct import Declined


@dataclass(frozen=True)
class Cart:
    customer: str
    items: tuple[str, ...]
    cents: int


class Shop(Role):
    @transaction
    def open_order(self, cart: Cart) -> int: ...

    @open_order.compensation
    def drop_order(self, cart: Cart) -> None: ...


class Depot(Role):
    @transaction
    def pick(self, items: tuple[str, ...]) -> bool: ...

    @pick.compensation
    def put_back(self, items: tuple[str, ...]) -> None: ...

    @transaction
    def hand_over(self, order: int, receipt: str) -> str: ...


class Till(Role):
    @transaction
    def charge(self, customer: str, cents: int) -> str: ...

    @charge.compensation
    def refund(self, customer: str, cents: int) -> None: ...


class Club(Role):
    @transaction
    def add_points(self, customer: str, cents: int) -> int: ...

    @add_points.compensation
    def take_points(self, customer: str, cents: int) -> None: ...


@choreography
def webshop(shop: Shop, depot: Depot, till: Till, club: Club, cart: At[Cart, "shop"]) -> At[str, "shop"]:
    number = shop.open_order(cart)
    there = com(depot.pick(com(cart.items, to=depot)), to=shop)
    if not there:
        shop.abort("out of stock")
    known = com(cart, to=till)
    receipt = till.charge(known.customer, known.cents)
    points = club.add_points(com(cart.customer, to=club), com(known.cents, to=club))
    com(points, to=depot)
    parcel = depot.hand_over(com(number, to=depot), com(receipt, to=depot))
    return com(parcel, to=shop)


def charge(customer: str, cents: int) -> str:
    if cents > 10_000:
        raise Declined("limit")
    return f"{customer} paid {cents}"


WORKERS: dict[str, Callable[..., Any]] = {
    "shop.open_order": lambda cart: len(cart.items),
    "depot.pick": lambda items: "moon" not in items,
    "depot.hand_over": lambda order, receipt: f"{order}: {receipt}",
    "till.charge": charge,
    "club.add_points": lambda customer, cents: cents // 100,
}
ARGUMENTS: list[dict[str, Any]] = [
    {"cart": Cart("ann", ("pen", "ink"), 500)},
    {"cart": Cart("ann", ("moon",), 500)},
    {"cart": Cart("bob", ("pen",), 50_000)},
]
RESULTS: list[Any] = ["2: ann paid 500", "undone: out of stock", "undone: limit"]
