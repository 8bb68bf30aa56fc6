"""Who learns what: every value and every decision that leaves a role, to whom, and on which line.

Read from the picture of the choreography, so it is what the projections send and no more. A value counts by its type:
a role that receives an `Order` learns all fields of it. A selection tells which way a branch went, which says something
of the guard; it is listed too.

Not listed: that a saga was aborted, and the reason given, which reaches every role; what a role's own worker is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from accompanist.language.program.program import Choreography
from accompanist.language.shown.diagram import picture
from accompanist.language.shown.shapes import Arrow, FrameShape, Shapes


@dataclass(frozen=True, slots=True)
class Learning:
    """`role` learns something of `origin`: a `value` of `type`, or (`type` is empty) that a branch went this way."""

    role: str
    origin: str
    type: str
    value: str
    line: int
    site: str

    @property
    def text(self) -> str:
        return f"{self.value}: {self.type}" if self.type else f"that the branch went `{self.value}`"


def learnings(choreography: Choreography) -> tuple[Learning, ...]:
    """Everything that leaves a role, in the order of the source, each once."""
    found = dict.fromkeys(_found(picture(choreography).shapes))
    return tuple(sorted(found, key=lambda one: (one.line, one.role, one.type, one.value)))


def _found(shapes: Shapes) -> Iterator[Learning]:
    for shape in shapes:
        match shape:
            case FrameShape(sections=sections):
                for section in sections:
                    yield from _found(section.shapes)
            case Arrow(site=site, line=line, sender=sender, receiver=receiver):
                if shape.choice:
                    yield Learning(receiver, sender, "", shape.choice, line, site)
                if not shape.bare:
                    yield Learning(receiver, sender, shape.type, shape.text, line, site)


def learns_text(choreography: Choreography) -> str:
    """The report for people: for each role what it learns, from whom, on which line."""
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
