"""A secret stays at its role; what the others get of it has been declassified by a @pure function of Secret[…]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, Secret, choreography, com, pure, query, transaction


@dataclass(frozen=True)
class Card:
    number: str
    cents: int


@dataclass(frozen=True)
class Purchase:
    card: Secret[Card]
    what: str


class Shop(Role):
    @query
    def vault(self, what: str) -> Secret[Card]: ...

    @transaction
    def pay(self, card: Secret[Card]) -> str: ...

    @pay.compensation
    def repay(self, card: Secret[Card]) -> None: ...


class Clerk(Role):
    @query
    def note(self, digits: str, what: str) -> int: ...


@pure
def last_four(card: Secret[Card]) -> str:
    return card.number[-4:]


@pure
def covers(card: Secret[Card], other: Secret[Card]) -> bool:
    return card.cents >= other.cents


@choreography
def secret(shop: Shop, clerk: Clerk, purchase: At[Purchase, "shop"]) -> At[str, "shop"]:
    card = purchase.card
    spare = shop.vault(purchase.what)
    if covers(card, spare):
        chosen = card
    else:
        chosen = spare
    if chosen.number == "0":
        shop.abort("that card again")
    number = com(clerk.note(com(last_four(chosen), to=clerk), com(purchase.what, to=clerk)), to=shop)
    return f"{shop.pay(chosen)} {number}"


WORKERS: dict[str, Callable[..., Any]] = {
    "shop.vault": lambda what: Card("9999" + what, 5),
    "shop.pay": lambda card: f"paid with {len(card.number)}",
    "clerk.note": lambda digits, what: len(digits + what),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"purchase": Purchase(Card("12345678", cents), what)} for cents in (1, 9) for what in ("", "kettle")
]
