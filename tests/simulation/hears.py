"""A saga in which every role waits for an event, and one of them has a timeout."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, transaction


class Desk(Role):
    @transaction
    def hold(self, n: int) -> int: ...

    @hold.compensation
    def free(self, n: int) -> None: ...


class Till(Role):
    @transaction
    def charge(self, n: int) -> int: ...

    @charge.compensation
    def refund(self, n: int) -> None: ...


@choreography
def hears(desk: Desk, till: Till, n: At[int, "desk"]) -> At[int, "desk"]:
    held = desk.hold(n)
    grade = desk.event("graded", int)
    paid = till.charge(com(held + grade, to=till))
    seen = till.timeout(till.event("seen", int), 86400)
    return com(paid + seen.value if seen.ok else paid, to=desk)
