"""What a role class holds."""

from __future__ import annotations

from accompanist import At, Role, choreography, query, transaction
from tests.language.must_fail.shop import Order


class Desk(Role):
    """A docstring is fine."""

    limit = 5  #! ACC161 holds something that is not an operation

    def bare(self, order: Order) -> int: ...  #! ACC161 does not say what kind of operation it is

    @query
    def filled(self, order: Order) -> int:
        return order.cents  #! ACC161 Desk.filled has a body

    @query
    def now(self) -> int: ...  #! ACC161 an operation cannot be called now

    @query
    def _hidden(self) -> int: ...  #! ACC161 an operation cannot be called _hidden

    @query
    def twice(self) -> int: ...

    @query
    def twice(self) -> int: ...  #! ACC161 Desk has two operations twice

    @transaction
    def write(self, order: Order) -> int: ...

    @write.compensation
    def erase(self, orders: Order) -> None: ...  #! ACC162 erase must take exactly what write takes

    @write.compensation
    def erase_again(self, order: Order) -> None: ...  #! ACC162 write has two compensations

    @twice.compensation
    def untwice(self) -> None: ...  #! ACC162 twice is not a transaction above it

    @transaction
    def count(self, order: Order) -> int: ...

    @count.compensation
    def uncount(self, order: Order) -> int: ...  #! ACC162 and return None


@choreography
def role_classes(desk: Desk, order: At[Order, "desk"]) -> None:
    desk.write(order)
    desk.erase(order)  #! ACC164 erase is a compensation


class Other(Role):
    @transaction(name="two words")  #! ACC161 the name of an operation is a name of at most
    def spaced(self, order: Order) -> int: ...

    @query(name="count")
    def first(self) -> int: ...

    @query
    def count(self) -> int: ...  #! ACC161 Other has two operations count: first and count


@choreography
def others(other: Other, order: At[Order, "other"]) -> None:
    other.spaced(order)
