"""Behind the commit point nothing is sorted that has no order, and nothing is a key that cannot be one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from accompanist import At, Role, choreography, transaction

RATES = {"gold": 1}


class Tier(Enum):
    GOLD = "gold"
    NONE = "none"


@dataclass(frozen=True)
class Line:
    price: int
    tier: Tier = Tier.NONE
    weight: int | None = None


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> list[Line]: ...

    @transaction(retriable=True)
    def book(self, amount: int) -> list[list[int]]: ...

    @transaction(retriable=True)
    def write(self, text: str) -> None: ...


@choreography
def given_after_pivot(
    bank: Bank, amount: At[int, "bank"], text: At[str, "bank"], moments: At[list[datetime], "bank"]
) -> None:
    lines = bank.pay(amount)
    rows = bank.book(len(sorted(lines)))  #! ACC159 not all of them can be compared
    bank.book(len(sorted(lines, key=lambda line: (line.price, line.tier))))  #! ACC159 not all of them can be compared
    bank.book(len(sorted(lines, key=lambda line: line.weight)))  #! ACC159 not all of them can be compared
    bank.book(len(sorted(lines, key=lambda line: (line.price, line.weight or 0))))
    bank.book(len(sorted(moments)))  #! ACC159 not all of them can be compared
    bank.book(len({row for row in rows}))  #! ACC159 list[int] can be in no set
    bank.book(len({tuple(row) for row in rows}) + len(set(lines)))
    bank.write(text.split(sep=text)[0])  #! ACC159 the text that it is split at may be empty
    bank.write(text.split(sep=",")[0])
    bank.write(text.replace("a", "b", amount))  #! ACC159 amount may be too large a number
    bank.write("%d items" % amount)  #! ACC159 the values may not take the format
    bank.book(RATES[text])  #! ACC159 text may not be in RATES
    bank.book(RATES["gold"])
    bank.book(amount**300)  #! ACC159 more digits than can be written
    for place, (count, price) in enumerate(rows):  #! ACC159 not every item need have 2 parts
        bank.book(place + count + price)
    for place, row in enumerate(rows):
        bank.book(len(rows[place]) + len(row))
