"""The three services of an order and what each can do.

Their programs are `warehouse.py`, `payment.py` and `loyalty.py`.
"""

from __future__ import annotations

from accompanist import Role, query, transaction
from workers.orders.messages import Order, Parcel, Points, Receipt, Reservation, Tier


class Warehouse(Role):
    """Holds the stock and sends the parcels."""

    @transaction
    def reserve(self, order: Order) -> Reservation: ...

    @reserve.compensation
    def release(self, order: Order) -> None: ...

    @transaction  # a parcel that has left cannot be called back: the pivot
    def ship(self, reservation: Reservation, points: Points) -> Parcel: ...


class Payment(Role):
    """Holds the customers' accounts."""

    @transaction
    def charge(self, reservation: Reservation, tier: Tier) -> Receipt: ...

    @charge.compensation
    def refund(self, reservation: Reservation, tier: Tier) -> None: ...


class Loyalty(Role):
    """Knows the customers' tiers and counts their points."""

    @query
    def tier(self, customer: str) -> Tier: ...

    @transaction
    def award(self, receipt: Receipt) -> Points: ...

    @award.compensation
    def revoke(self, receipt: Receipt) -> None: ...
