"""A saga with more queries than effects: the answer of a query decides which role is called next.

No fence keeps a query's answer, so two runs of a session may get two answers; only the answer in the log counts. Run it
with accompanist simulate tests/simulation/quotes.py; its workers' replies are generated.
"""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query, transaction


class Desk(Role):
    @query
    def quote(self, item: int) -> int: ...

    @transaction
    def book(self, price: int) -> int: ...

    @book.compensation
    def unbook(self, price: int) -> None: ...


class Till(Role):
    @transaction
    def charge(self, price: int) -> int: ...

    @charge.compensation
    def refund(self, price: int) -> None: ...


@choreography
def quotes(desk: Desk, cheap: Till, dear: Till, item: At[int, "desk"]) -> At[int, "desk"]:
    one = desk.quote(item)
    if one % 2 == 0:
        cheap.charge(com(one, to=cheap))
    else:
        dear.charge(com(one, to=dear))
    two = desk.quote(one)
    if two % 2 == 0:
        cheap.charge(com(two, to=cheap))
    else:
        dear.charge(com(two, to=dear))
    three = desk.quote(two)
    return desk.book(three)
