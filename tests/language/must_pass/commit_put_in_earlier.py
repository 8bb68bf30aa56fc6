"""Two roles do what cannot be undone, and neither hears of the other: the record is put in before both, where the last
of what may fail was heard of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction
from tests.language.must_pass.shop import Held, Order, Stock


class Desk(Role):
    @transaction
    def book(self, number: str) -> int: ...

    @book.compensation
    def unbook(self, number: str) -> None: ...

    @transaction(retriable=True)
    def announce(self, number: str) -> int: ...


@choreography
def commit_put_in_earlier(stock: Stock, one: Desk, two: Desk, order: At[Order, "stock"]) -> At[int, "stock"]:
    number = stock.hold(order).number
    booked = com(one.book(com(number, to=one)), to=stock)
    first = one.announce(com(number, to=one))
    second = two.announce(com(number, to=two))
    return booked + com(first, to=stock) + com(second, to=stock)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "one.book": lambda number: 100,
    "one.announce": lambda number: 10,
    "two.announce": lambda number: 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}]
