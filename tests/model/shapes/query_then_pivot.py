"""A query, and then the pivot: a close that left for a query without answer may arrive when the pivot is through."""

from __future__ import annotations

from accompanist import At, Role, choreography, query, transaction


class Shop(Role):
    @query
    def price(self, n: int) -> int: ...
    @transaction
    def ship(self, n: int) -> int: ...
    @transaction(retriable=True)
    def announce(self, n: int) -> int: ...


@choreography
def sale(a: Shop, n: At[int, "a"]) -> At[int, "a"]:
    return a.announce(a.ship(a.price(n)))
