"""A type that does not cross is one cause, and what else is wrong is said with it; nothing is said of its values."""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, Role, attempt, choreography, com, pure, query, transaction


@dataclass(frozen=True)
class Month:
    first: int
    blocked: set[str]  #! ACC141 Month.blocked cannot cross
    numbers: list[int]


@dataclass(frozen=True)
class Paid:
    cents: int


@dataclass(frozen=True)
class Unpaid:
    why: str


class Market(Role):
    @query
    def month(self, first: int) -> Month: ...

    @query
    def state(self, first: int) -> Paid | Unpaid: ...  #! ACC141 Paid and Unpaid cannot be told apart in JSON

    @query
    def pair(self, first: int) -> tuple[int, set[int]]: ...  #! ACC141 set[int] is a set

    @transaction
    def freeze(self, first: int) -> int: ...

    @transaction(retriable=True)
    def statement(self, text: str) -> None: ...


class Bank(Role):
    @transaction(retriable=True)
    def book(self, cents: int) -> int: ...


@pure
def largest(month: Month) -> int:
    if not month.numbers:
        raise ValueError("empty")
    return max(month.numbers)


@choreography
def settle(market: Market, bank: Bank, first: At[int, "market"]) -> At[int, "market"]:
    month = market.month(first)
    state = market.state(first)
    one, other = market.pair(first)
    market.freeze(first)
    total = month.numbers[0] // month.first + largest(month)
    for name in sorted(month.blocked):
        market.statement(name)
    match state:
        case Paid(cents):
            total = total + cents
        case Unpaid(why) if why in month.blocked:
            total = total + len(why)
    there = com(state, to=bank)
    tried = attempt(month.numbers[3])
    if isinstance(there, Paid):
        bank.book(there.cents)
    ratio = 10 // first  #! ACC159 first may be zero
    return total // one + len(other) + ratio if tried.ok else 0
