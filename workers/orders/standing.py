"""A standing order: the same basket, set aside so many times and paid at once. Nothing of it leaves the warehouse here.

accompanist start standing_order --role warehouse --args '{"order": …, "times": 12}'
"""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.orders.messages import Order, Receipt, Reservation, Tier
from workers.orders.roles import Payment, Warehouse


@choreography
def standing_order(
    warehouse: Warehouse,
    payment: Payment,
    order: At[Order, "warehouse"],
    times: At[int, "warehouse"],
) -> At[Receipt, "warehouse"]:
    total_cents = 0
    for _ in range(times):
        total_cents += warehouse.reserve(order).total_cents
    bill = Reservation("all of them", order.customer, total_cents)
    receipt = payment.charge(com(bill, to=payment), Tier.NONE)
    return com(receipt, to=warehouse)
