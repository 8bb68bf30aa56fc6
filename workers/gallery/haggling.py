"""Haggling: offers go to and fro until one is taken or somebody has had enough.

Two roles with the same right to end a loop, each by its own judgement. The buyer makes an offer; the seller takes it,
or names its price; the buyer takes that, or offers again. Both hear of each end: a branch that one of them decides is
told to the other by one selection, on the message that goes there anyway. Nobody is bound before both have said yes,
and the goods and the money change hands behind the loop: two holds that can be undone, and the handing over as what
cannot. The loop is bounded by the buyer's patience, which it counts itself: a local variable, known to nobody else.

Source: the price negotiation of Montesi, Introduction to Choreographies (Cambridge University Press, 2023), and of
Honda, Yoshida, Carbone, Multiparty Asynchronous Session Types (POPL 2008), two-buyer protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Buyer(Role):
    @query
    def offer(self, thing: str, turn: int) -> int: ...

    @transaction
    def pay(self, cents: int) -> str: ...

    @pay.compensation
    def take_back(self, cents: int) -> None: ...


class Seller(Role):
    @query
    def takes(self, cents: int) -> bool: ...

    @transaction
    def hand_over(self, receipt: str) -> str: ...


@choreography
def haggling(buyer: Buyer, seller: Seller, thing: At[str, "buyer"], patience: At[int, "buyer"]) -> At[str, "buyer"]:
    turn = 1
    cents = buyer.offer(thing, turn)
    agreed = com(seller.takes(com(cents, to=seller)), to=buyer)
    while not agreed and turn < patience:
        turn = turn + 1
        cents = buyer.offer(thing, turn)
        agreed = com(seller.takes(com(cents, to=seller)), to=buyer)
    if agreed:
        receipt = buyer.pay(cents)
        return com(seller.hand_over(com(receipt, to=seller)), to=buyer)
    return "no deal"


WORKERS: dict[str, Callable[..., Any]] = {
    "buyer.offer": lambda thing, turn: turn * 10,
    "buyer.pay": lambda cents: f"paid {cents}",
    "seller.takes": lambda cents: cents >= 30,
    "seller.hand_over": lambda receipt: f"lamp, {receipt}",
}
ARGUMENTS: list[dict[str, Any]] = [{"thing": "lamp", "patience": 5}, {"thing": "lamp", "patience": 2}]
RESULTS: list[Any] = ["lamp, paid 30", "no deal"]
