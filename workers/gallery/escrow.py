"""Escrow: the buyer pays the agent, the seller sends, the buyer accepts or does not.

Three services that do not trust each other, and one point at which everything is decided. Up to there all can be
undone: the money is paid back, the parcel recalled. The buyer looks at what came; if it is not what was meant, it
aborts, and that is all it has to say, since every role undoes what it did. If it accepts, a message leads to the
agent, which releases the money: that cannot be undone, so it is the commit point, and the agent is its owner. What
comes behind it, booking the income, is retriable, so it cannot fail any more. The compiler refuses the program if the
message from the buyer to the agent is left out: the agent would release without knowing.

Source: escrow as in the literature on sagas (Garcia-Molina, Salem, Sagas, 1987) and on smart contracts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Buyer(Role):
    @transaction
    def pay_in(self, cents: int) -> str: ...

    @pay_in.compensation
    def take_back(self, cents: int) -> None: ...

    @query
    def accepts(self, parcel: str) -> bool: ...


class Seller(Role):
    @transaction
    def send(self, cents: int) -> str: ...

    @send.compensation
    def recall(self, cents: int) -> None: ...

    @transaction(retriable=True)
    def book_income(self, receipt: str) -> int: ...


class Agent(Role):
    @transaction
    def release(self, receipt: str) -> str: ...


@choreography
def escrow(buyer: Buyer, seller: Seller, agent: Agent, cents: At[int, "buyer"]) -> At[str, "buyer"]:
    receipt = com(buyer.pay_in(cents), to=agent)
    parcel = com(seller.send(com(cents, to=seller)), to=buyer)
    if not buyer.accepts(parcel):
        buyer.abort("parcel refused")
    com("accepted " + parcel, to=agent)
    released = agent.release(receipt)
    seller.book_income(com(released, to=seller))
    return com(released, to=buyer)


WORKERS: dict[str, Callable[..., Any]] = {
    "buyer.pay_in": lambda cents: f"r{cents}",
    "buyer.accepts": lambda parcel: parcel != "p13",
    "seller.send": lambda cents: f"p{cents}",
    "agent.release": lambda receipt: f"released {receipt}",
    "seller.book_income": lambda receipt: 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"cents": 12}, {"cents": 13}]
RESULTS: list[Any] = ["released r12", "undone: parcel refused"]
