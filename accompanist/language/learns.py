"""Who learns what: every value and every decision that leaves a role, to whom, and on which line.

Read from the amended normal form, so it is what the projections send and no more. A value counts by its type: a role
that receives an `Order` learns all fields of it. A selection tells which way a branch went, which says something of
the guard; it is listed too.

Not listed: that a saga was aborted, and the reason given, which reaches every role; what a role's own worker is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from accompanist.language.ir import Move, walk
from accompanist.language.program import Choreography


@dataclass(frozen=True, slots=True)
class Learning:
    """`role` learns something of `origin`: a value of `type`, or (`type` is empty) how a branch went."""

    role: str
    origin: str
    type: str
    line: int
    site: str

    @property
    def text(self) -> str:
        return self.type or "which way the branch went"


def learnings(choreography: Choreography) -> tuple[Learning, ...]:
    """Everything that leaves a role, in the order of the source, each once."""
    return tuple(sorted(dict.fromkeys(_found(choreography)), key=lambda one: (one.line, one.role, one.type)))


def _found(choreography: Choreography) -> Iterator[Learning]:
    assert choreography.header is not None, "a choreography that compiled keeps its normal form"
    for point in walk(choreography.normal):
        if isinstance(point, Move):
            for receiver in point.receivers:
                yield Learning(receiver, point.sender, point.type.text(), point.span.line, point.site)
    for notice in choreography.notices:
        for role in notice.told:
            yield Learning(role, notice.selector, "", notice.line, notice.site)


def learns_text(choreography: Choreography) -> str:
    """The report for people: for each role what it learns, and then what nobody else ever sees."""
    found = learnings(choreography)
    lines = [f"{choreography.name}: who learns what"]
    for role in choreography.roles:
        mine = [one for one in found if one.role == role]
        lines.append(f"  {role} learns" + ("" if mine else " nothing of the others"))
        lines += [f"    {one.text} from {one.origin}, line {one.line}" for one in mine]
    return "\n".join(lines)


def learns_json(choreography: Choreography) -> list[dict[str, Any]]:
    """The report for machines."""
    return [asdict(one) for one in learnings(choreography)]
