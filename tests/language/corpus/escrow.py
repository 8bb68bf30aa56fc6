"""Escrow: the buyer pays the agent, the seller sends, the buyer accepts or not; releasing the money commits."""

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
