"""What one role does in a choreography, as a list that can be compared: its side of the picture.

Each step has a site and a line, which say where it stands, and a text, which says what it is. Two versions of a role
are laid side by side by the texts; a step that only moved has another site. What a role computes between its steps is
not in the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accompanist.language.program.program import Choreography
from accompanist.language.shown.diagram import picture
from accompanist.language.shown.shapes import Act, Arrow, FrameShape, Mark, Shape, Shapes, Visit


@dataclass(frozen=True, slots=True)
class RoleStep:
    """One thing a role does. `kind` is what must stay the same for a change to be a change of this step."""

    kind: str
    text: str
    site: str
    line: int


def steps(choreography: Choreography, role: str) -> tuple[RoleStep, ...]:
    """What a role does, from top to bottom."""
    return tuple(_steps(picture(choreography).shapes, role))


def _steps(shapes: Shapes, role: str) -> Iterator[RoleStep]:
    for shape in shapes:
        match shape:
            case Arrow(sender=sender) if sender == role:
                yield _sent(shape)
            case Arrow(receiver=receiver) if receiver == role:
                yield _received(shape)
            case Act(role=who) if who == role:
                notes = f" ({'; '.join(shape.notes)})" if shape.notes else ""
                yield RoleStep(
                    f"calls {shape.text.partition('(')[0]}", f"calls {shape.text}{notes}", shape.site, shape.line
                )
            case Mark(role=who, kind=kind, text=text) if who == role:
                yield RoleStep(kind, f"{kind}s with {text}", shape.site, shape.line)
            case Visit(roles=roles, text=text) if role in roles:
                yield RoleStep(f"goes through {text.partition('(')[0]}", f"goes through {text}", shape.site, shape.line)
            case FrameShape() if any(_acts(inner, role) for section in shape.sections for inner in section.shapes):
                yield from _framed(shape, role)


def _framed(frame: FrameShape, role: str) -> Iterator[RoleStep]:
    for number, section in enumerate(frame.sections):
        title = section.title or "otherwise"
        text = f"{frame.kind} {title}" if role in frame.known_to else f"{frame.kind}, way {number + 1}"
        yield RoleStep(frame.kind, text, frame.site, frame.line)
        yield from _steps(section.shapes, role)


def _sent(arrow: Arrow) -> RoleStep:
    told = f"tells `{arrow.choice}` to {arrow.receiver}" if arrow.choice else ""
    sent = "" if arrow.bare else f"sends {arrow.text}: {arrow.type} to {arrow.receiver}"
    return RoleStep(f"to {arrow.receiver}", " and ".join(filter(None, [told, sent])), arrow.site, arrow.line)


def _received(arrow: Arrow) -> RoleStep:
    told = f"is told `{arrow.choice}` by {arrow.sender}" if arrow.choice else ""
    got = "" if arrow.bare else f"receives {arrow.type} from {arrow.sender}"
    return RoleStep(f"from {arrow.sender}", " and ".join(filter(None, [told, got])), arrow.site, arrow.line)


def _acts(shape: Shape, role: str) -> bool:
    match shape:
        case Arrow(sender=sender, receiver=receiver):
            return role in (sender, receiver)
        case Act(role=who) | Mark(role=who):
            return who == role
        case Visit(roles=roles):
            return role in roles
        case FrameShape(sections=sections):
            return any(_acts(inner, role) for section in sections for inner in section.shapes)
