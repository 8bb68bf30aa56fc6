"""An operation takes each of its parameters once."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def wrong_arguments(stock: Stock, order: At[Order, "stock"]) -> int:
    stock.hold()  #! ACC115 stock.hold takes order
    stock.hold(order, order)  #! ACC115 stock.hold takes order
    stock.hold(orders=order)  #! ACC115 stock.hold takes order
    stock.hold(order, order=order)  #! ACC115 stock.hold takes order
    stock.hold(*order)  #! ACC129 arguments are spread
    stock.abort("a", "b")  #! ACC115 abort takes one argument
    return 1
