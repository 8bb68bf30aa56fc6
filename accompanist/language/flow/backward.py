"""Backward flow: what holds before each statement, given what holds behind it.

The mirror of `forward`, for the same states and joins: what an `If` has before it is the join of both sides, `Again`
and `Leave` have what stands where they lead. A loop's head depends on itself through `Again`, so it begins with the
state where no way leads, and is walked until it does not change any more.

Not promised: that the walk ends for states without finite height, or a transfer that is not monotone. It reads, and
changes no statement; it has no findings and follows no calls of procedures: `step` says what one needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from accompanist.language.flow.facts import settled
from accompanist.language.ir import Again, Block, If, Leave, Loop, Statement

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Jumps(Generic[S]):
    """The states where `Again` and `Leave` of the innermost loop lead."""

    again: S
    leave: S


class Backward(ABC, Generic[S]):
    """An analysis: its states, and what each statement makes of them."""

    @property
    @abstractmethod
    def nowhere(self) -> S:
        """The neutral element of the join: what holds where no way leads."""

    @abstractmethod
    def join(self, one: S, other: S, /) -> S:
        """The state before a place from which two ways lead."""

    @abstractmethod
    def step(self, point: Statement, state: S, /) -> S:
        """The state before a statement, given that behind it: of a branch, before its guard. It is asked of `Return`
        and `Abort` too, behind which nothing holds, and not of loops, `Again` and `Leave`."""

    def passed(self, loop: Loop, behind: S, head: S, /) -> S:
        """The state before a loop; `head`: where its turns begin."""
        return head


def head(analysis: Backward[S], loop: Loop, behind: S) -> S:
    """The state where a turn of a loop begins; `behind`: that after the loop."""

    def turned(again: S) -> S:
        return analysis.join(again, before(analysis, loop.body, analysis.nowhere, Jumps(again, behind)))

    return settled(analysis.nowhere, turned)


def before(analysis: Backward[S], block: Block, state: S, jumps: Jumps[S]) -> S:
    """The state before a block; `state`: that behind it."""
    for point in reversed(block):
        match point:
            case If(then=then, orelse=orelse):
                ways = (before(analysis, side, state, jumps) for side in (then, orelse))
                state = analysis.step(point, analysis.join(*ways))
            case Loop():
                state = analysis.passed(point, state, head(analysis, point, state))
            case Again():
                state = jumps.again
            case Leave():
                state = jumps.leave
            case _:
                state = analysis.step(point, state)
    return state
