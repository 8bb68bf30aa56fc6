"""After a branch a name belongs only to those that know the branch."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def narrowed_by_branch(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    com(order.cents, to=bank)
    if order.cents > 5:
        factor = 1
    else:
        factor = 2
    return bank.rate(factor)  #! ACC113 only they know which branch of line 12 was taken
