"""async, await and yield are not needed."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def suspended(stock: Stock, order: At[Order, "stock"]) -> int:
    held = yield stock.hold(order)  #! ACC128 a choreography does not yield
    return held.cents


@choreography
async def awaited(stock: Stock, order: At[Order, "stock"]) -> int:  #! ACC128 a choreography does not await
    return 1
