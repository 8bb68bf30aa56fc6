"""Which names a role still needs where a turn of a loop begins.

What a turn needs depends on what the next one needs, so this is a fixpoint. It is computed on the choreography, before
selections are inserted, because selections depend on it: an assignment that nobody needs makes no difference between
two branches. The answer may hold a name too many (a guard that turns out to be no choice for the role), never one too
few, and `amend` and `project` use the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from accompanist.language.ir import (
    Abort,
    Again,
    Block,
    Enter,
    If,
    Invoke,
    Leave,
    Let,
    Loop,
    Move,
    Owners,
    Return,
    parties,
    walk,
)

Names = frozenset[str]
NONE: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a role needs if the loop goes on, and if it is left."""

    again: Names = NONE
    leave: Names = NONE


NO_TURN = Turn()


def head(loop: Loop, role: str, live: Names) -> Names:
    """The names that a role needs where a turn of the loop begins; `live` are those it needs after the loop."""
    turn = Turn(NONE, live)
    while True:
        needed = _block(loop.body, role, NONE, turn)
        if needed <= turn.again:
            return turn.again
        turn = Turn(needed | turn.again, live)


def takes_part(loop: Loop, role: str, live: Names, later: Owners) -> bool:
    """Whether a role follows the turns of a loop: it acts in them, or must know, or computes something it needs."""
    return role in parties(loop, later) or bool(_assigned(loop, role) & live)


def _assigned(loop: Loop, role: str) -> Names:
    found: set[str] = set()
    for point in walk(loop.body):
        if isinstance(point, Let) and role in point.owners:
            found |= set(point.targets)
        elif isinstance(point, (Enter, Move)) and role in point.owners and point.target is not None:
            found.add(point.target)
    return frozenset(found)


def _block(block: Block, role: str, live: Names, turn: Turn) -> Names:
    for point in reversed(block):
        match point:
            case Let(targets=targets, value=value) if role in point.owners and live & set(targets):
                live = (live - set(targets)) | value.names
            case Invoke(target=target, arguments=arguments) if point.role == role:
                live = (live - {target}) | {name for _, value in arguments for name in value.names}
            case Move():
                live = _move(point, role, live)
            case Enter(target=target, arguments=arguments) if role in point.acting:
                live = (live - {target}) | {
                    n for given, value in arguments if role in given.owners for n in value.names
                }
            case If():
                live = _block(point.then, role, live, turn) | _block(point.orelse, role, live, turn)
                live |= point.test.names if role in point.owners else NONE
            case Loop():
                live |= head(point, role, live)
            case Return(value=value):
                live = value.names if role in point.owners else NONE
            case Abort(reason=reason):
                live = reason.names if point.role == role else NONE
            case Again():
                live = turn.again
            case Leave():
                live = turn.leave
    return live


def _move(point: Move, role: str, live: Names) -> Names:
    if role in point.receivers:
        return live - {point.target or ""}
    used = point.value.names if role == point.sender and point.receivers else NONE
    if role in point.owners and point.target in live:
        used = point.value.names
    return (live - {point.target or ""} if role in point.owners else live) | used
