"""The order saga with the local transactions that the other systems of such a benchmark do."""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, Role, choreography, com, transaction


@dataclass(frozen=True)
class Order:
    """`saga` is its key; `fail_at`: the step that refuses it, 0 for none."""

    saga: str
    item: int
    customer: int
    qty: int
    amount: int
    fail_at: int


class Warehouse(Role):
    @transaction
    def reserve(self, order: Order) -> Order: ...

    @reserve.compensation
    def release(self, order: Order) -> None: ...

    @transaction
    def ship(self, order: Order) -> Order: ...


class Payment(Role):
    @transaction
    def charge(self, order: Order) -> Order: ...

    @charge.compensation
    def refund(self, order: Order) -> None: ...


class Loyalty(Role):
    @transaction
    def award(self, order: Order) -> Order: ...

    @award.compensation
    def revoke(self, order: Order) -> None: ...


@choreography
def order_saga(
    warehouse: Warehouse, payment: Payment, loyalty: Loyalty, order: At[Order, "warehouse"]
) -> At[Order, "warehouse"]:
    reserved = warehouse.reserve(order)
    charged = payment.charge(com(reserved, to=payment))
    awarded = loyalty.award(com(charged, to=loyalty))
    return warehouse.ship(com(awarded, to=warehouse))
