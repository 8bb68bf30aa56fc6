"""A saga with many places for faults: queries whose answers differ, several transactions at each role, a pivot with
work after it.

Run it with accompanist simulate tests/simulation/errand.py; its workers' replies are generated.
"""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query, transaction


class Desk(Role):
    @query
    def price(self, item: int) -> float: ...

    @transaction
    def hold(self, price: float) -> int: ...

    @hold.compensation
    def free(self, price: float) -> None: ...

    @transaction
    def note(self, slip: int, at: float) -> int: ...

    @note.compensation
    def strike(self, slip: int, at: float) -> None: ...


class Till(Role):
    @transaction
    def charge(self, price: float) -> int: ...

    @charge.compensation
    def refund(self, price: float) -> None: ...

    @transaction
    def fee(self, paid: int) -> int: ...

    @fee.compensation
    def waive(self, paid: int) -> None: ...

    @query
    def rate(self, paid: int) -> float: ...

    @transaction(retriable=True)
    def receipt(self, label: int) -> int: ...


class Depot(Role):
    @transaction
    def pick(self, item: int) -> int: ...

    @pick.compensation
    def put_back(self, item: int) -> None: ...

    @transaction
    def ship(self, picked: int, rate: float) -> int: ...

    @transaction(retriable=True)
    def label(self, shipped: int) -> int: ...


@choreography
def errand(desk: Desk, till: Till, depot: Depot, item: At[int, "desk"]) -> At[int, "desk"]:
    price = desk.price(item)
    slip = desk.hold(price)
    at = desk.now()
    desk.note(slip, at)
    paid = till.charge(com(price, to=till))
    till.fee(paid)
    rate = till.rate(paid)
    picked = depot.pick(com(item, to=depot))
    shipped = depot.ship(picked, com(rate, to=depot))
    label = depot.label(shipped)
    till.receipt(com(label, to=till))
    return com(label, to=desk)
