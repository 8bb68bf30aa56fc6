"""An auction: round by round the bidders raise, until nobody does.

Each bidder pays a deposit before the first round, which its compensation pays out again if anything fails later. Then
the house names the price, each bidder answers with its own, and a round in which nobody raises is the last. Only the
house knows when that is, so both bidders are told at the end of each round whether there is another one; the word
rides on the price of the next round. Who leads is a local variable of the house: a bidder learns it at the end, when
the result is shared, and not before. What a bidder would have paid stays with its worker, which is asked for a bid
and not for a limit. The note at the end is retriable, so no bidder can undo an auction by not listening.

Source: the English auction of multiparty session types, and the sealed and open auctions among the examples of ChoRus
and MultiChor (PLDI 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, share, transaction


class House(Role):
    pass


class Bidder(Role):
    @transaction
    def deposit(self, cents: int) -> int: ...

    @deposit.compensation
    def pay_out(self, cents: int) -> None: ...

    @query
    def bid(self, price: int) -> int: ...

    @transaction(retriable=True)
    def note(self, text: str) -> int: ...

    @note.compensation
    def unnote(self, text: str) -> None: ...


@choreography
def auction(house: House, ann: Bidder, bob: Bidder, start: At[int, "house"]) -> At[str, "house"]:
    price = start
    leader = "nobody"
    for bidder in (ann, bob):
        bidder.deposit(com(start, to=bidder))
    going = True
    while going:
        before = price
        offer = com(ann.bid(com(price, to=ann)), to=house)
        if offer > price:
            price, leader = offer, "ann"
        answer = com(bob.bid(com(price, to=bob)), to=house)
        if answer > price:
            price, leader = answer, "bob"
        going = price > before
    known = share(f"{leader} at {price}", to=[ann, bob])
    ann.note(known)
    bob.note(known)
    return known


WORKERS: dict[str, Callable[..., Any]] = {
    "ann.deposit": lambda cents: cents,
    "bob.deposit": lambda cents: cents,
    "ann.bid": lambda price: price + 10 if price < 130 else 0,
    "bob.bid": lambda price: price + 15 if price < 150 else 0,
    "ann.note": lambda text: 1,
    "bob.note": lambda text: 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"start": 100}, {"start": 140}, {"start": 500}]
RESULTS: list[Any] = ["bob at 150", "bob at 155", "nobody at 500"]
