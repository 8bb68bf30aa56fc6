"""Two-phase commit: a member prepares when the others have committed."""

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
def prepared_too_late(lead: Lead, one: Member, two: Member, what: At[str, "lead"]) -> At[str, "lead"]:
    com(one.prepare(com(what, to=one)), to=lead)
    decision = lead.decide(what)
    one.carry_out(com(decision, to=one))
    two.prepare(com(decision, to=two))  #! ACC151 two.prepare comes after lead.decide of line 27
    return decision
