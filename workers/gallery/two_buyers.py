"""The bookseller with two buyers: how they decide, alone or together, is a choreography that is passed on.

What is bought, and how, is one choreography; how the buyers come to a decision is another, and there are two of
those: one buyer pays all, or the second one takes a share. Which of them it is, is given as a parameter of type
Callable, and each call is projected for what it was given. In HasChor this is the example for higher-order
choreographies. The second buyer takes part in one strategy more than in the other, and tells the first what it adds,
which is all that is known of it elsewhere. The seller does not learn how the decision came about, but it does learn
that there was one to be made in this way or that.

Source: the two-buyer protocol of Honda, Yoshida, Carbone (POPL 2008); higher-order bookseller of HasChor (ICFP 2023).
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
def alone(one: Buyer, two: Buyer, title: At[str, "one"], price: At[int, "one"]) -> At[bool, "one"]:
    return price <= one.budget(title)


@choreography
def together(one: Buyer, two: Buyer, title: At[str, "one"], price: At[int, "one"]) -> At[bool, "one"]:
    half = two.share_of(com(price, to=two))
    return price - com(half, to=one) <= one.budget(title)


@choreography
def buy(one: Buyer, two: Buyer, seller: Seller, title: At[str, "one"], decide: Callable[..., bool]) -> At[str, "one"]:
    wanted = com(title, to=seller)
    price = com(seller.price(wanted), to=one)
    yes = decide(one, two, title, price)
    if yes:
        return com(seller.deliver(wanted, com("home", to=seller)), to=one)
    return "not bought"


@choreography
def two_buyers(ann: Buyer, bob: Buyer, seller: Seller, title: At[str, "ann"]) -> At[str, "ann"]:
    if len(title) > 30:
        answer = buy(ann, bob, seller, title[:9], alone)
    else:
        answer = buy(ann, bob, seller, title, together)
    return answer


WORKERS: dict[str, Callable[..., Any]] = {
    "ann.budget": lambda title: 1000,
    "bob.share_of": lambda cents: cents // 2,
    "seller.price": lambda title: len(title) * 100,
    "seller.deliver": lambda title, address: f"{title} to {address}",
}
ARGUMENTS: list[dict[str, Any]] = [{"title": title} for title in ("Emma", "War and Peace, in one volume", "x" * 31)]
RESULTS: list[Any] = ["Emma to home", "not bought", "xxxxxxxxx to home"]
