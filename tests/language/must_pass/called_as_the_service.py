"""Operations that the service calls like words of ours: two-phase commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, attempt, choreography, com, query, transaction
from accompanist.language.direct import Declined


class Leader(Role):
    @query
    def decide(self, yes: int) -> int: ...

    @transaction(name="log", retriable=True)
    def log_(self, text: str) -> None: ...


class Part(Role):
    @transaction(attempts=3, name="prepare")
    def prepared(self, work: str) -> int: ...

    @prepared.compensation(name="abort")
    def abort_(self, work: str) -> None: ...

    @transaction(name="commit", retriable=True)
    def commit_(self, number: int) -> str: ...

    @query(name="now")
    def now_(self) -> int: ...


@choreography
def called_as_the_service(leader: Leader, part: Part, work: At[str, "leader"]) -> At[str, "leader"]:
    voted = attempt(part.prepared(com(work, to=part)))
    if voted.ok:
        at = part.now_()
        going = leader.decide(com(voted.value + at, to=leader))
        if going == 0:
            leader.abort("nobody else is ready")
        said = part.commit_(com(going, to=part))
        leader.log_(com(said, to=leader))
        return com(said, to=leader)
    return com(voted.reason, to=leader)


def _prepare(work: str) -> int:
    if len(work) > 5:
        raise Declined("too much")
    return len(work)


WORKERS: dict[str, Callable[..., Any]] = {
    "leader.decide": lambda yes: yes if yes > 3 else 0,
    "leader.log": lambda text: None,
    "part.prepare": _prepare,
    "part.now": lambda: 1,
    "part.commit": lambda number: f"done {number}",
}
ARGUMENTS: list[dict[str, Any]] = [{"work": "abc"}, {"work": "a"}, {"work": "long work"}]
