"""Which names a role still needs where a turn of a loop begins: live variables, backward.

That a name is needed is a may-fact: it is, if some way leads from here to where it is used. What a turn needs depends
on what the next one needs, so this is a fixpoint. It is computed on the choreography, before selections are inserted,
because selections depend on it: an assignment that nobody needs makes no difference between two branches. The answer
may hold a name too many (a guard that turns out to be no choice for the role), never one too few, and `amend` and
`project` use the same.
"""

from __future__ import annotations

from accompanist.language.flow import backward
from accompanist.language.flow.backward import Backward, Jumps
from accompanist.language.flow.facts import May
from accompanist.language.ir import (
    Abort,
    Enter,
    If,
    Invoke,
    Let,
    Loop,
    Move,
    Owners,
    Return,
    Statement,
    parties,
    walk,
)

Names = frozenset[str]
NONE: Names = frozenset()
NO_TURN = Jumps(NONE, NONE)
"""What a role needs if the loop goes on, and if it is left, where there is no loop."""


def head(loop: Loop, role: str, live: Names) -> Names:
    """The names that a role needs where a turn of the loop begins; `live` are those it needs after the loop."""
    return backward.head(_Needed(role), loop, May(live)).facts


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


class _Needed(Backward[May[str]]):
    """The names that one role needs."""

    def __init__(self, role: str) -> None:
        self._role = role

    @property
    def nowhere(self) -> May[str]:
        return May()

    def join(self, one: May[str], other: May[str]) -> May[str]:
        return one.join(other)

    def step(self, point: Statement, live: May[str]) -> May[str]:
        """The names that are needed before a statement."""
        role = self._role
        match point:
            case Let(targets=targets, value=value) if role in point.owners and any(name in live for name in targets):
                return live.without(targets).adding(value.names)
            case Invoke(target=target, arguments=arguments) if point.role == role:
                return _bound(live, target).adding(name for _, value in arguments for name in value.names)
            case Move():
                return self._moved(point, live)
            case Enter(target=target, arguments=arguments) if role in point.acting:
                used = (name for one, value in arguments if role in one.owners for name in value.names)
                return _bound(live, target).adding(used)
            case If(test=test) if role in point.owners:
                return live.adding(test.names)
            case Return(value=value):
                return May(value.names if role in point.owners else NONE)
            case Abort(reason=reason):
                return May(reason.names if point.role == role else NONE)
        return live

    def passed(self, loop: Loop, behind: May[str], head: May[str]) -> May[str]:
        """A role that does not follow the turns has none: it needs what it needs behind the loop."""
        return behind.join(head)

    def _moved(self, point: Move, live: May[str]) -> May[str]:
        if self._role in point.receivers:
            return _bound(live, point.target)
        sends = self._role == point.sender and bool(point.receivers)
        keeps = self._role in point.owners and point.target in live
        left = _bound(live, point.target) if self._role in point.owners else live
        return left.adding(point.value.names if sends or keeps else NONE)


def _bound(live: May[str], target: str | None) -> May[str]:
    return live if target is None else live.without((target,))
