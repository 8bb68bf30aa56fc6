"""A saga that sleeps before it acts, and gives whole numbers where fractions are expected."""

from __future__ import annotations

from accompanist import At, Role, choreography, transaction


class Stock(Role):
    @transaction
    def hold(self, n: float) -> int: ...

    @hold.compensation
    def free(self, n: float) -> None: ...


@choreography
def lingers(stock: Stock, n: At[int, "stock"]) -> At[int, "stock"]:
    stock.sleep(3600)
    return stock.hold(n)
