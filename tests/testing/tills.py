"""Fake workers for the order saga.

    accompanist verify workers/orders/choreography.py --workers tests/testing/tills.py

The till's refund gives back one cent too little, which is the fault that the search has to find.
"""

from __future__ import annotations

from typing import Any

from accompanist.testing import Declined
from workers.orders.messages import Receipt, Reservation, Tier


class Till:
    """An account that is charged and refunded; `short` is what a refund keeps."""

    def __init__(self, cents: int, short: int = 0) -> None:
        self.cents, self.short = cents, short

    def charge(self, reservation: Reservation, tier: Tier) -> Receipt:
        if reservation.total_cents > self.cents:
            raise Declined("no funds")
        self.cents -= reservation.total_cents
        return Receipt("P1", reservation.customer, reservation.total_cents)

    def refund(self, reservation: Reservation, tier: Tier) -> None:
        self.cents += reservation.total_cents - self.short


WORKERS: dict[str, Any] = {"payment": Till(100, short=1)}
