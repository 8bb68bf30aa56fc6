"""Roles and messages that several programs share; it holds no choreography itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from accompanist import Role, pure, query, transaction


class Grade(Enum):
    PLAIN = "plain"
    GOLD = "gold"


@dataclass(frozen=True)
class Order:
    customer: str
    cents: int


@dataclass(frozen=True)
class Held:
    number: str
    cents: int


@dataclass(frozen=True)
class Paid:
    number: str
    cents: int


@dataclass(frozen=True)
class Parcel:
    tracking: str


class Stock(Role):
    @query
    def has(self, order: Order) -> bool: ...

    @transaction
    def hold(self, order: Order) -> Held: ...

    @hold.compensation
    def free(self, order: Order) -> None: ...

    @transaction
    def ship(self, held: Held, paid: Paid) -> Parcel: ...


class Bank(Role):
    @query
    def grade(self, customer: str) -> Grade: ...

    @transaction
    def charge(self, held: Held, grade: Grade) -> Paid: ...

    @charge.compensation
    def refund(self, held: Held, grade: Grade) -> None: ...


class Post(Role):
    @transaction(retriable=True)
    def mail(self, to: str, text: str) -> int: ...

    @transaction
    def book(self, parcel: str) -> int: ...

    @book.compensation
    def unbook(self, parcel: str) -> None: ...


@pure
def discounted(cents: int, grade: Grade) -> int:
    return cents * 9 // 10 if grade is Grade.GOLD else cents


LEVELS = (1, 2, 3)
FREE = Order("nobody", 0)
