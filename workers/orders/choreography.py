"""The order saga: reserve, charge, award, ship; all of it, or none of it.

accompanist check workers/orders/choreography.py
accompanist project workers/orders/choreography.py --role payment
"""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.orders.messages import Order, Parcel, Tier
from workers.orders.roles import Loyalty, Payment, Warehouse

LARGE_ORDER_CENTS = 50_000


@choreography
def fulfil_order(
    warehouse: Warehouse,
    payment: Payment,
    loyalty: Loyalty,
    order: At[Order, "warehouse"],
) -> At[Parcel, "warehouse"]:
    reservation = warehouse.reserve(order)
    if reservation.total_cents > LARGE_ORDER_CENTS:
        tier = loyalty.tier(com(reservation.customer, to=loyalty))
        receipt = payment.charge(com(reservation, to=payment), com(tier, to=payment))
    else:
        receipt = payment.charge(com(reservation, to=payment), Tier.NONE)
    points = loyalty.award(com(receipt, to=loyalty))
    return warehouse.ship(reservation, com(points, to=warehouse))
