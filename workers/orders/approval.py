"""An order that a person has to approve, in time: the goods stay reserved meanwhile, for hours or for a night.

accompanist start approve_order --role warehouse --args '{"order": …, "patience_s": 36000}'
accompanist signal SESSION --role warehouse approved '{"by": "ann", "granted": true}'
"""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.orders.messages import Approval, Order, Parcel, Tier
from workers.orders.roles import Loyalty, Payment, Warehouse


@choreography
def approve_order(
    warehouse: Warehouse,
    payment: Payment,
    loyalty: Loyalty,
    order: At[Order, "warehouse"],
    patience_s: At[float, "warehouse"],
) -> At[Parcel, "warehouse"]:
    reservation = warehouse.reserve(order)
    decision = warehouse.timeout(warehouse.event("approved", Approval), patience_s)
    if not decision.ok:
        warehouse.abort("nobody approved it in time")
    elif not decision.value.granted:
        warehouse.abort("it was not approved")
    receipt = payment.charge(com(reservation, to=payment), Tier.NONE)
    points = loyalty.award(com(receipt, to=loyalty))
    return warehouse.ship(reservation, com(points, to=warehouse))
