"""An event that does not come in time: the choreography goes another way; after the pivot it may be waited for too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from accompanist.language.direct import Declined
from tests.language.must_pass.shop import Bank, Grade, Order, Parcel, Post, Stock


@choreography
def waits_in_vain(stock: Stock, bank: Bank, post: Post, order: At[Order, "stock"]) -> At[str, "post"]:
    held = stock.hold(order)
    answer = bank.timeout(bank.event("graded", Grade), com(order.cents, to=bank) * 60)
    grade = answer.value if answer.ok else Grade.PLAIN
    paid = bank.charge(com(held, to=bank), grade)
    parcel: Parcel = stock.ship(held, com(paid, to=stock))
    tracking = com(parcel.tracking, to=post)
    stock.sleep(86400)
    late = share(com(answer.reason, to=post), to=[post])
    return tracking + late


def in_vain() -> Grade:
    raise Declined("timeout")


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: {"number": "h1", "cents": order.cents},
    "stock.ship": lambda held, paid: {"tracking": paid.number},
    "bank.charge": lambda held, grade: {"number": grade.value, "cents": held.cents},
    "bank.event.graded": in_vain,
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 3)}]
