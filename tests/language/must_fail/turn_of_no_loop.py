"""break and continue without a loop around them; a loop over roles and values."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def turn_of_no_loop(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    rate = bank.rate(com(order.cents, to=bank))
    if order.cents > 5:
        break  #! ACC120 `break` belongs to a loop
    for one in (order.cents, bank):  #! ACC145 order.cents is not a role
        stock.hold(order)
    if rate > 5:
        continue  #! ACC120 `continue` belongs to a loop
    return 0
