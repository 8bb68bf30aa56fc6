"""A query, and then the commit point's record: what comes after it must not find its door shut."""

from __future__ import annotations

from accompanist import At, Role, choreography, query, transaction


class Shop(Role):
    @query
    def price(self, n: int) -> int: ...
    @transaction(retriable=True)
    def announce(self, n: int) -> int: ...


@choreography
def sale(a: Shop, n: At[int, "a"]) -> At[int, "a"]:
    m = a.price(n)
    return a.announce(m)
