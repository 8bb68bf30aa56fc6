"""The program of one role, between projection and generated code.

Each statement mirrors one operation of `operations`, or is local: `Local` (an assignment), `Fork` (a branch that the
role takes by itself), `Repeating` (a loop, whose paths end in `Again` or `Leaving`). `Offering` is a branch that
another role tells it. `Stop` ends a path that was aborted somewhere: nothing after it happens here, so it merges with
anything. Positions are lines of the choreography and do not count when programs are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from accompanist.language.ir import Expression
from accompanist.language.reading.roles import Offer
from accompanist.language.types import Type


@dataclass(frozen=True, slots=True)
class Local:
    targets: tuple[str, ...]
    value: Expression
    unpacked: bool
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Calling:
    site: str
    target: str | None
    offer: Offer
    arguments: tuple[tuple[str, Expression], ...]
    attempt: bool
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Sending:
    site: str
    to: str
    value: Expression
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Receiving:
    site: str
    sender: str
    target: str | None
    type: Type
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Choosing:
    """Tell `to` the label; `value` rides if there is one."""

    site: str
    to: str
    label: str
    value: Expression | None
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Arm:
    """What a label leads to; a value of `type` rides on it unless that is None."""

    label: str
    target: str | None
    type: Type | None
    body: LocalBlock


@dataclass(frozen=True, slots=True)
class Offering:
    site: str
    sender: str
    arms: tuple[Arm, ...]
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Fork:
    test: Expression
    then: LocalBlock
    orelse: LocalBlock
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Entering:
    """Go through this role's program for a procedure."""

    site: str
    target: str | None
    procedure: int
    arguments: tuple[tuple[str, Expression], ...]
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Repeating:
    """The turns of the loop at `site`."""

    site: str
    body: LocalBlock
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Again:
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Leaving:
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a path. `value` is the result, None where the role has none."""

    value: Expression | None
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Aborting:
    site: str
    reason: Expression
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Stop:
    role: str = field(compare=False)
    line: int = field(compare=False, default=0)


LocalStatement = (
    Local
    | Calling
    | Sending
    | Receiving
    | Choosing
    | Offering
    | Fork
    | Entering
    | Repeating
    | Again
    | Leaving
    | Ending
    | Aborting
    | Stop
)
LocalBlock = tuple[LocalStatement, ...]
ASKING = (Calling, Sending, Receiving, Choosing, Offering, Aborting, Entering)
"""What is asked of the world."""


def inside(point: LocalStatement) -> tuple[LocalBlock, ...]:
    """The blocks in a statement."""
    match point:
        case Fork(then=then, orelse=orelse):
            return then, orelse
        case Repeating(body=body):
            return (body,)
        case Offering(arms=arms):
            return tuple(arm.body for arm in arms)
    return ()


def points(block: LocalBlock) -> Iterator[LocalStatement]:
    """Every statement of a role's program."""
    for point in block:
        yield point
        for inner in inside(point):
            yield from points(inner)


def asks_nothing(loop: Repeating) -> bool:
    """Whether a role turns a loop by itself: nobody would ever be asked whether it goes on."""
    return not any(isinstance(inner, ASKING) for inner in points(loop.body))


def idle(block: LocalBlock) -> bool:
    """Whether a role that has not begun has no reason to begin: nothing to do and no result to give."""
    return all(isinstance(point, Ending) and point.value is None for point in block)


def stopped(block: LocalBlock) -> bool:
    """Whether the path was aborted before this role did anything in it."""
    return bool(block) and isinstance(block[0], Stop)
