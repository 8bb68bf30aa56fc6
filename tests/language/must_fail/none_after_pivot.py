"""What may be None, where a value is wanted, cannot be sent or taken: behind the commit point nothing undoes it."""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, Role, choreography, com, pure, transaction


@dataclass(frozen=True)
class Order:
    note: str | int | None
    count: int | None


@dataclass(frozen=True)
class Row:
    number: int


@pure
def next_of(number: int) -> int:
    return number + 1


@pure
def added(one: int, *, other: int) -> int:
    return one + other


class Desk(Role):
    @transaction
    def pay(self, number: int) -> int: ...

    @transaction(retriable=True)
    def tell(self, number: int) -> None: ...

    @transaction(retriable=True)
    def add(self, row: Row) -> None: ...


@choreography
def none_after_pivot(desk: Desk, clerk: Desk, order: At[Order, "desk"]) -> At[int, "clerk"]:
    desk.pay(1)
    desk.tell(order.count)  #! ACC159 it may be of type None, and int is wanted
    desk.tell(next_of(order.count))  #! ACC159 it may be of type None, and int is wanted
    desk.tell(added(1, other=order.count))  #! ACC159 it may be of type None, and int is wanted
    desk.add(Row(order.count))  #! ACC159 it may be of type None, and int is wanted
    desk.tell(order.note)  #! ACC159 and int is wanted
    if order.count is not None:
        desk.tell(order.count)
        desk.add(Row(next_of(order.count)))
    return com(order.count, to=clerk)  #! ACC159 it may be of type None, and int is wanted
