"""A loop over roles is written out for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction


class Voter(Role):
    @transaction
    def prepare(self, what: str) -> bool: ...

    @prepare.compensation
    def forget(self, what: str) -> None: ...

    @transaction(retriable=True)
    def note(self, what: str) -> int: ...

    @note.compensation
    def unnote(self, what: str) -> None: ...


@choreography
def census(lead: Voter, one: Voter, two: Voter, three: Voter, what: At[str, "lead"]) -> At[int, "lead"]:
    agreed = 0
    for voter in (one, two, three):
        vote = voter.prepare(com(what, to=voter))
        agreed += int(com(vote, to=lead))
    if agreed == 3:
        for number, voter in enumerate((one, two, three), start=1):
            voter.note(com(f"{number}. {what}: yes", to=voter))
    else:
        lead.abort("not all agreed")
    return agreed


WORKERS: dict[str, Callable[..., Any]] = {
    "one.prepare": lambda what: True,
    "two.prepare": lambda what: len(what) < 5,
    "three.prepare": lambda what: True,
    "one.note": lambda what: 1,
    "two.note": lambda what: 1,
    "three.note": lambda what: 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"what": "a"}, {"what": "abcdef"}]
