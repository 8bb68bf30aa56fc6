"""Behind the commit point everyday Python may raise as well: too few values, what a function does not take, code of a
message."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

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


@dataclass(frozen=True)
class Gift:
    kind: Literal["gift"] = "gift"

    @property
    def first(self) -> int:
        return 0


@dataclass(frozen=True)
class Sold:
    lines: tuple[int, ...]
    kind: Literal["sold"] = "sold"

    @property
    def first(self) -> int:
        return self.lines[0]


@dataclass(frozen=True)
class Ranked:
    lines: list[int]

    def __lt__(self, other: Ranked) -> bool:
        return self.lines[0] < other.lines[0]


@pure
def worth(line: int) -> int:
    return 100 // line


@pure
def sorted_by_worth(lines: list[int]) -> list[int]:
    return sorted(lines, key=worth)


@pure
def first_of(order: Order) -> int:
    return order.first


@pure
def shouted(text: str) -> str:
    return text.strip().replace("?", "!")


class Bank(Role):
    @transaction
    def pay(self, order: Order) -> int: ...

    @transaction(retriable=True)
    def book(self, amount: int) -> None: ...


@choreography
def everyday_after_pivot(bank: Bank, order: At[Order, "bank"]) -> At[int, "bank"]:
    paid = bank.pay(order)
    head, *rest = order.lines  #! ACC159 order.lines may have too few values for the names
    bank.book(order.first)  #! ACC159 Order.first may raise
    bank.book(order.count)
    bank.book(order.share(paid))  #! ACC159 Order.share may raise
    bank.book(math.isqrt(paid))  #! ACC159 paid may be below zero
    bank.book(math.ceil(paid / 2))
    bank.book(ord(chr(paid)))  #! ACC159 none that chr takes
    bank.book(len({100 // one for one in order.lines}))  #! ACC159 one may be zero
    bank.book(len(str(order.price.quantize(Decimal("0.01")))))  #! ACC159 may have more digits
    bank.book(len(sorted_by_worth(order.lines)))  #! ACC159 sorted_by_worth may raise: worth may raise
    bank.book(first_of(order))  #! ACC159 first_of may raise: Order.first may raise
    bank.book(len(shouted(str(paid))))
    sold: Gift | Sold = Sold(()) if paid > 3 else Gift()
    bank.book(sold.first)  #! ACC159 Sold.first may raise
    ranked = [Ranked([paid]), Ranked([])]
    bank.book(len(sorted(ranked)))  #! ACC159 Ranked.__lt__ may raise
    bank.book(len(ranked[0].lines))
    day = date(2024, 2, 29)
    bank.book(day.replace(paid).year)  #! ACC159 outside of what a calendar has
    if order.lines:
        one, *more = order.lines
        bank.book(one + len(more))
    return head + len(rest)
