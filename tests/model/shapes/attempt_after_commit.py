"""What may decline stands behind the commit point, attempted: a decline is a value there too."""

from __future__ import annotations

from accompanist import At, Role, attempt, choreography, transaction


class Shop(Role):
    @transaction(retriable=True)
    def announce(self, n: int) -> int: ...  # cannot be undone, never declines: the commit record goes before it
    @transaction
    def gift(self, n: int) -> int: ...  # may decline; attempted below, so a decline is a value
    @gift.compensation
    def take_back(self, n: int) -> None: ...


@choreography
def sale(a: Shop, n: At[int, "a"]) -> At[bool, "a"]:
    a.announce(n)
    present = attempt(a.gift(n))
    return present.ok
