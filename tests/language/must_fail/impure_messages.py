"""Making, comparing and showing a message runs its class's code, which has to be pure too."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import uuid4

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@dataclass(frozen=True)
class Stamped:
    number: int
    at: float = field(default_factory=time.time)  #! ACC135 time.time reads a clock, so this is not pure
    id: str = field(default_factory=lambda: str(uuid4()))  #! ACC135 uuid4 is chance, so this is not pure

    def __eq__(self, other: object) -> bool:
        print(other)  #! ACC135 print writes, so this is not pure
        return True


@choreography
def impure_messages(stock: Stock, order: At[Order, "stock"]) -> bool:
    _ = Stamped(1)
    return Stamped(order.cents) == Stamped(2)


@choreography
def impure_messages(stock: Stock, order: At[Order, "stock"]) -> int:  #! ACC160 there are two choreographies
    return _  #! ACC118 _ is for values that are not used
