"""Each path has its own pivot, all of them at the stock; one path has none and can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Parcel


class Store(Role):
    @transaction
    def hold(self, order: Order) -> Held: ...

    @hold.compensation
    def free(self, order: Order) -> None: ...

    @transaction
    def ship(self, held: Held) -> Parcel: ...

    @transaction
    def fly(self, held: Held) -> Parcel: ...


@choreography
def pivot_per_path(store: Store, bank: Bank, order: At[Order, "store"]) -> At[Parcel | None, "store"]:
    held = store.hold(order)
    if order.cents == 0:
        return None
    paid = com(bank.charge(com(held, to=bank), Grade.PLAIN), to=store)
    if paid.cents > 500:
        parcel = store.fly(held)
    else:
        parcel = store.ship(held)
    return parcel


WORKERS: dict[str, Callable[..., Any]] = {
    "store.hold": lambda order: Held("h1", order.cents),
    "store.ship": lambda held: Parcel("by land"),
    "store.fly": lambda held: Parcel("by air"),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", cents)} for cents in (0, 100, 900)]
