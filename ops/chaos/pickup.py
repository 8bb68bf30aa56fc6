"""An order without loyalty points: reserve, charge, ship. It has two services, so its end does not need the third."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.orders.messages import Order, Parcel, Points, Tier
from workers.orders.roles import Payment, Warehouse


@choreography
def pickup_order(warehouse: Warehouse, payment: Payment, order: At[Order, "warehouse"]) -> At[Parcel, "warehouse"]:
    reservation = warehouse.reserve(order)
    receipt = payment.charge(com(reservation, to=payment), Tier.NONE)
    paid = com(receipt, to=warehouse)
    return warehouse.ship(reservation, Points(paid.customer, 0))
