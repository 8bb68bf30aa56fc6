"""The owner of the commit point is not reached on one path; a cancel that is passed on to it is what reaches it."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, transaction


class Shop(Role):
    @transaction
    def reserve(self, n: int) -> int: ...
    @reserve.compensation
    def release(self, n: int) -> None: ...
    @transaction
    def ship(self, n: int) -> int: ...


@choreography
def sale(a: Shop, b: Shop, n: At[int, "a"]) -> At[int, "a"]:
    m = a.reserve(n)
    if n % 2 == 0:
        b.ship(com(m, to=b))
    return n
