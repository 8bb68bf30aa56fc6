"""Behind the commit point everyday Python may raise as well: too few values, what a function does not take, code of a
message."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from accompanist import At, Role, choreography, com, pure, transaction


@dataclass(frozen=True)
class Order:
    lines: list[int]
    price: Decimal

    @property
    def first(self) -> int:
        return self.lines[0]

    @property
    def count(self) -> int:
        return len(self.lines)

    @pure
    def share(self, of: int) -> int:
        return len(self.lines) // of


class Bank(Role):
    @transaction
    def pay(self, order: Order) -> int: ...

    @transaction(retriable=True)
    def book(self, amount: int) -> None: ...


@choreography
def everyday_after_pivot(bank: Bank, order: At[Order, "bank"]) -> At[int, "bank"]:
    paid = bank.pay(order)
    head, *rest = order.lines  #! ACC159 there may be too few values for the names on the left
    bank.book(order.first)  #! ACC159 Order.first may raise
    bank.book(order.count)
    bank.book(order.share(paid))  #! ACC159 Order.share may raise
    bank.book(math.isqrt(paid))  #! ACC159 isqrt does not take every value
    bank.book(math.ceil(paid / 2))
    bank.book(ord(chr(paid)))  #! ACC159 none that chr takes
    bank.book(len({100 // one for one in order.lines}))  #! ACC159 one may be zero
    bank.book(len(str(order.price.quantize(Decimal("0.01")))))  #! ACC159 may have more digits
    return head + len(rest)
