"""Two-phase commit: a member commits before the coordinator has decided."""

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
def commit_before_decision(lead: Lead, one: Member, two: Member, what: At[str, "lead"]) -> At[str, "lead"]:
    for member in (one, two):
        known = com(what, to=member)
        com(member.prepare(known), to=lead)
        member.carry_out(known)  #! ACC153 one.carry_out cannot be undone
    return lead.decide(what)
