"""A name that is declared with some messages is given another one: that is said where it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accompanist import At, Role, choreography, com, query


@dataclass(frozen=True)
class Bid:
    price: int
    kind: Literal["bid"] = "bid"


@dataclass(frozen=True)
class NoBid:
    why: str | None = None
    kind: Literal["nobid"] = "nobid"


class Desk(Role):
    @query
    def bid(self, number: int) -> Bid | NoBid: ...


@choreography
def best_of(desk: Desk, buyer: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    best: Bid | None = None
    for i in range(number):
        answer = desk.bid(i)
        if best is None:
            best = answer  #! ACC179 best is declared Bid | None in line 30, and is given Bid | NoBid here
    if best is None:
        desk.abort("no bid")
    first: Bid = desk.bid(number)  #! ACC179 first is declared Bid, and is given Bid | NoBid here
    last: NoBid | None = None
    last = com(com(best, to=buyer), to=desk)  #! ACC179 last is declared NoBid | None in line 38, and is given Bid here
    return best.price + first.price
