"""A property that may raise, read behind the commit point: attempt makes what it raises a value."""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, Role, attempt, choreography, transaction


@dataclass(frozen=True)
class Order:
    lines: tuple[int, ...]

    @property
    def first(self) -> int:
        return self.lines[0]


class Desk(Role):
    @transaction
    def pay(self, number: int) -> int: ...

    @transaction(retriable=True)
    def tell(self, number: int) -> int: ...


@choreography
def attempted_property(desk: Desk, order: At[Order, "desk"]) -> At[int, "desk"]:
    desk.pay(1)
    first = attempt(order.first)
    return desk.tell(first.value if first.ok else 0)


WORKERS = {"desk.pay": lambda number: number, "desk.tell": lambda number: number + 1}
ARGUMENTS = [{"order": Order((4, 5))}, {"order": Order(())}]
RESULTS = [5, 1]
