"""Roles and messages that several programs share; it holds no choreography itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from accompanist import Role, query, transaction


@dataclass(frozen=True)
class Order:
    customer: str
    cents: int


@dataclass(frozen=True)
class Held:
    number: str
    cents: int


@dataclass
class Draft:
    text: str
    tags: set[str] = field(default_factory=set)


@dataclass
class Loose:
    text: str


class Stock(Role):
    @query
    def has(self, order: Order) -> bool: ...

    @query
    def many(self, order: Order) -> list[Order]: ...

    @transaction
    def hold(self, order: Order) -> Held: ...

    @hold.compensation
    def free(self, order: Order) -> None: ...

    @transaction
    def ship(self, held: Held) -> int: ...


class Bank(Role):
    @query
    def rate(self, cents: int) -> int: ...

    @transaction
    def charge(self, held: Held) -> int: ...

    @charge.compensation
    def refund(self, held: Held) -> None: ...

    @transaction
    def burn(self, cents: int) -> int: ...

    @transaction(retriable=True)
    def tell(self, cents: int) -> int: ...
