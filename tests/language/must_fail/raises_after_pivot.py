"""What may raise comes before the commit point, and its role is known to have come so far."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from accompanist import At, Role, attempt, choreography, com, pure, transaction


class Kind(Enum):
    SMALL = 1


@dataclass(frozen=True)
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError


@pure
def third(lines: list[int]) -> int:
    if len(lines) > 2:
        return lines[2]
    raise ValueError


@pure
def first(lines: list[int]) -> int:
    return lines[0] if lines else 0


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> list[int]: ...
    @transaction(retriable=True)
    def book(self, amount: int) -> None: ...


class Store(Role):
    @transaction(retriable=True)
    def ship(self, item: int) -> int: ...
    @transaction(retriable=True)
    def weigh(self, item: int) -> dict[str, int]: ...


@choreography
def behind(bank: Bank, store: Store, amount: At[int, "bank"], name: At[str, "bank"]) -> None:
    lines = bank.pay(amount)
    here = lines[0]  #! ACC159 `lines[0]` may raise (lines may have no such item)
    bank.book(here // amount)  #! ACC159 amount may be zero
    bank.book(int(name))  #! ACC159 name may be no text of a whole number
    bank.book(third(lines))  #! ACC159 third may raise: it raises, in line 28
    bank.book(first(lines))
    bank.book(max(lines))  #! ACC159 lines may be empty
    bank.book(max(lines, default=0))
    bank.book(sum(lines[at] for at in range(len(lines))))  #! ACC159 more than 64 bits
    there = attempt(lines[3] // amount)
    bank.book(there.value if there.ok else 0)
    bank.book(there.value)  #! ACC159 there has no value if it was declined
    for at in range(len(lines)):
        bank.book(lines[at])
    a, b = lines  #! ACC159 lines may not have 2 parts
    bank.book(a + b)
    if len(lines) == 2:
        c, d = lines
        bank.book(c + d)
    bank.book(Even(amount).number)  #! ACC159 Even may raise: it raises
    if Kind(amount) is Kind.SMALL:  #! ACC159 the value may be none of Kind's
        bank.book(1)
    if len(lines) > 1 and lines[1] > 3:
        bank.book(lines[1])
    weights = store.weigh(com(amount, to=store))
    store.ship(weights["box"])  #! ACC159 'box' may not be in weights
    store.ship(weights["box"] if "box" in weights else 0)
    store.ship(sum(weights[name] for name in weights))  #! ACC159 more than 64 bits


@choreography
def beside(bank: Bank, store: Store, amount: At[int, "bank"]) -> None:
    share = 100 // com(amount, to=store)
    bank.pay(amount)  #! ACC159 `100 // com(amount, to=store)` of line 84 may raise
    store.ship(com(amount, to=store) + share)


@choreography
def before(bank: Bank, store: Store, amount: At[int, "bank"]) -> None:
    share = 100 // com(amount, to=store)
    com(share, to=bank)
    bank.pay(100 // amount)
    store.ship(com(amount, to=store) + share)
