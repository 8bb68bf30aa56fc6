"""Strategies that leave a role out: who buys alone asks no helper, and a store without replication has an idle backup.
The role is in the head for the other strategies; it is sent nothing, and is never started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Buyer(Role):
    @query
    def budget(self, price: int) -> int: ...


class Seller(Role):
    @query
    def price(self, title: str) -> int: ...

    @transaction
    def sell(self, title: str) -> int: ...

    @sell.compensation
    def take_back(self, title: str) -> None: ...


@choreography
def alone(buyer: Buyer, helper: Buyer, price: At[int, "buyer"]) -> At[bool, "buyer"]:
    return buyer.budget(price) >= price


@choreography
def together(buyer: Buyer, helper: Buyer, price: At[int, "buyer"]) -> At[bool, "buyer"]:
    more = helper.budget(com(price, to=helper))
    return buyer.budget(price) + com(more, to=buyer) >= price


@choreography
def not_copied(one: Seller, other: Seller, title: At[str, "one"]) -> None:
    pass


@choreography
def copied(one: Seller, other: Seller, title: At[str, "one"]) -> None:
    other.sell(com(title, to=other))


@choreography
def shop(
    buyer: Buyer,
    helper: Buyer,
    seller: Seller,
    backup: Seller,
    decide: Callable[[Buyer, Buyer, int], bool],
    copy: Callable[[Seller, Seller, str], None],
    title: At[str, "buyer"],
) -> At[int, "buyer"]:
    at_seller = com(title, to=seller)
    price = com(seller.price(at_seller), to=buyer)
    if decide(buyer, helper, price):
        number = seller.sell(at_seller)
        copy(seller, backup, at_seller)
        return com(number, to=buyer)
    return 0


@choreography
def with_help(
    buyer: Buyer, helper: Buyer, seller: Seller, backup: Seller, title: At[str, "buyer"], safe: At[bool, "buyer"]
) -> At[int, "buyer"]:
    if safe:
        return shop(buyer, helper, seller, backup, together, copied, title)
    return shop(buyer, helper, seller, backup, alone, not_copied, title)


@choreography
def idle_strategy(
    buyer: Buyer, helper: Buyer, seller: Seller, backup: Seller, title: At[str, "buyer"]
) -> At[int, "buyer"]:
    first = shop(buyer, helper, seller, backup, alone, not_copied, title)
    for one in (helper,):
        more = shop(buyer, one, seller, backup, alone, not_copied, title + "s")
    return first + more


WORKERS: dict[str, Callable[..., Any]] = {
    "buyer.budget": lambda price: 5,
    "seller.price": lambda title: len(title),
    "seller.sell": lambda title: len(title) + 100,
}
ARGUMENTS: list[dict[str, Any]] = [{"title": title} for title in ("four", "fives", "a title")]
