"""Two-phase commit: the coordinator decides without having heard the votes."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, transaction


class Lead(Role):
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
def votes_not_heard(lead: Lead, one: Member, two: Member, what: At[str, "lead"]) -> At[str, "lead"]:
    for member in (one, two):
        member.prepare(com(what, to=member))
    return lead.decide(what)  #! ACC150 whether one.prepare of line 27 went well #! ACC150 whether two.prepare of line 27 went well
