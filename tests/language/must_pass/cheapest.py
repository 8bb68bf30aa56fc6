"""The best of several answers: a captured message is what its pattern says, also under a declared name in a loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from accompanist import At, Role, choreography, com, query


@dataclass(frozen=True)
class Bid:
    price: int
    kind: Literal["bid"] = "bid"


@dataclass(frozen=True)
class NoBid:
    why: str | None = None
    kind: Literal["nobid"] = "nobid"


class Buyer(Role):
    @query
    def order(self, bid: Bid) -> int: ...


class Supplier(Role):
    @query
    def bid(self, number: int) -> Bid | NoBid: ...


@choreography
def cheapest(buyer: Buyer, supplier: Supplier, number: At[int, "supplier"]) -> At[int, "buyer"]:
    best: Bid | None = None
    last: Bid | None = None
    for i in range(number):
        match supplier.bid(i):
            case Bid() as bid:
                if best is None or bid.price < best.price:
                    best = bid
                last = com(bid, to=buyer)
            case NoBid():
                pass
    if best is None:
        supplier.abort("no bid")
    paid = buyer.order(com(best, to=buyer))
    return paid if last is None else paid + last.price


def _bid(number: int) -> Any:
    return NoBid() if number == 0 else Bid(10 - number)


WORKERS: dict[str, Callable[..., Any]] = {
    "supplier.bid": _bid,
    "buyer.order": lambda bid: bid.price,
}
ARGUMENTS: list[dict[str, Any]] = [{"number": 1}, {"number": 2}, {"number": 3}]
