"""Who knows that another role aborts deep in a call goes no further: behind the call it would commit the saga."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, share, transaction


class Desk(Role):
    @transaction
    def hold(self, amount: int) -> int: ...
    @hold.compensation
    def free(self, amount: int) -> None: ...
    @transaction
    def ship(self, amount: int) -> int: ...


@choreography
def counted(x: Desk, y: Desk, n: At[int, "x"]) -> None:
    left = share(n, to=[y])
    if left > 0:
        y.hold(left)
        counted(x, y, left - 1)
    if left == 3:
        y.abort("three is too many")
    com(com(n, to=y), to=x)


@choreography
def shipped(a: Desk, b: Desk, amount: At[int, "a"]) -> At[int, "a"]:
    counted(a, b, amount)
    return a.ship(amount)


WORKERS = {
    "b.hold": lambda amount: amount,
    "a.ship": lambda amount: amount + 1,
}
ARGUMENTS = [{"amount": 0}, {"amount": 2}, {"amount": 3}, {"amount": 5}]
