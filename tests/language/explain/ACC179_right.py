from dataclasses import dataclass
from typing import Literal

from accompanist import At, Role, choreography, query


@dataclass(frozen=True)
class Bid:
    price: int
    kind: Literal["bid"] = "bid"


@dataclass(frozen=True)
class NoBid:
    why: str
    kind: Literal["nobid"] = "nobid"


class Desk(Role):
    @query
    def bid(self, number: int) -> Bid | NoBid: ...


@choreography
def last_price(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    last: Bid | None = None
    match desk.bid(number):
        case Bid() as bid:
            last = bid
        case NoBid():
            pass
    return 0 if last is None else last.price
