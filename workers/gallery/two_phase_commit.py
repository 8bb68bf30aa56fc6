"""Two-phase commit: all prepare; if each has said yes all commit, which cannot fail any more.

What transaction monitors do, written as a choreography. Every member prepares, in a transaction that can be given
back, and tells the lead so. A member that says no declines: nobody has to collect the votes, since a decline undoes
the saga, at those that have prepared as well. The lead decides when it has heard of each member: that is the commit
point, and it cannot be undone. Carrying out is retriable, so a member that is away is asked until it is back, and
cannot go back on its word. The compiler proves what the protocol's proof says: every path has one commit point,
everything that may fail stands before it, and its owner knows that.

Source: Gray, Notes on Data Base Operating Systems (1978); as a choreography in many papers since.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction
from accompanist.language.direct import Declined


class Coordinator(Role):
    @transaction
    def decide(self, what: str) -> str: ...


class Member(Role):
    @transaction
    def prepare(self, what: str) -> int: ...

    @prepare.compensation
    def give_back(self, what: str) -> None: ...

    @transaction(retriable=True)
    def carry_out(self, what: str) -> int: ...


@choreography
def two_phase_commit(
    lead: Coordinator, one: Member, two: Member, three: Member, what: At[str, "lead"]
) -> At[str, "lead"]:
    for member in (one, two, three):
        ready = member.prepare(com(what, to=member))
        com(ready, to=lead)
    decision = lead.decide(what)
    for member in (one, two, three):
        member.carry_out(com(decision, to=member))
    return decision


def prepare(what: str) -> int:
    if what == "no":
        raise Declined("two says no")
    return 2


WORKERS: dict[str, Callable[..., Any]] = {
    "lead.decide": lambda what: f"commit {what}",
    "one.prepare": lambda what: 1,
    "two.prepare": prepare,
    "three.prepare": lambda what: 3,
    "one.carry_out": lambda what: 1,
    "two.carry_out": lambda what: 2,
    "three.carry_out": lambda what: 3,
}
ARGUMENTS: list[dict[str, Any]] = [{"what": "yes"}, {"what": "no"}]
RESULTS: list[Any] = ["commit yes", "undone: two says no"]
