"""Two-phase commit in rounds: the decision cannot be undone, and every round takes it again."""

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
def decided_each_round(lead: Lead, one: Member, two: Member, what: At[str, "lead"]) -> At[str, "lead"]:
    decision = ""
    com(two.prepare(com(what, to=two)), to=lead)
    for turn in range(3):
        com(one.prepare(com(what, to=one)), to=lead)
        decision = lead.decide(what)  #! ACC158 another turn of the loop of line 28 may come to it
    return decision
