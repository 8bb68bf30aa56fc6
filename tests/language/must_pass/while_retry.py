"""A loop whose guard is asked anew each turn, with the answer of the last turn; nobody but the two is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, attempt, choreography, com
from accompanist.language.direct import Declined
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Post, Stock


@choreography
def while_retry(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[str, "post"]:
    tries = 0
    cents = order.cents
    number = ""
    while number == "" and tries < 4:
        held = com(Held(f"try {tries}", cents), to=bank)
        outcome = attempt(bank.charge(held, Grade.PLAIN))
        number = com(outcome.value.number if outcome.ok else "", to=stock)
        tries = tries + 1
        cents = cents // 2
    slot = post.book(com(number, to=post))
    return f"{slot}"


def charge(held: Held, grade: Grade) -> Paid:
    if held.cents > 100:
        raise Declined("too much")
    return Paid(held.number, held.cents)


WORKERS: dict[str, Callable[..., Any]] = {"bank.charge": charge, "post.book": lambda parcel: len(parcel)}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", cents)} for cents in (50, 300, 10_000)]
