"""Forward flow: what holds behind each statement, given what holds before it.

The theory is that of monotone frameworks (Kildall 1973; Kam and Ullman 1977; Nielson, Nielson and Hankin, *Principles
of Program Analysis*, chapter 2). An analysis is a set of states with a join, and for each kind of statement a transfer
function, from the state before it to the state behind. Where two ways meet, the state is the join of theirs. The state
before a turn of a loop is the join of the one before the loop and of those in which a turn ends with `Again`: the loop
is walked until that state no longer changes. If the states have finite height (no chain of joins grows for ever) and
transfer is monotone (a larger state before a statement gives a larger one behind it), the walk ends, with the least
solution of these equations.

The normal form is structured: every way out of a block is `Again`, `Leave`, `Return` or `Abort` at its end. So there is
no graph and no worklist. Blocks are walked in their order, loops inside loops from the inside out, and the state where
no way leads is None: what two branches that both end leave behind them, and a loop that is never left.

What is found in the turns of a loop is told as `reports` says. Calls of procedures are not followed here; an analysis
for which they matter follows them with `calls`.

Transfer may answer with another statement in the place of the one that it was given, since places and types are filled
in by the walk that finds them; the last turn of a loop is the one whose statements are kept. An analysis may ask where
the walk is: what follows, and which branches and loops are around.

Not promised: that the walk ends for states without finite height. Such an analysis has to widen in `turned`, which is
told how many turns there were. A statement that no way leads to is not looked at, and stays as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Generic, TypeVar

from accompanist.language.flow.reports import Reports
from accompanist.language.ir import Abort, Again, Block, If, Leave, Loop, Return, Statement
from accompanist.language.text.diagnostic import Findings

S = TypeVar("S")


@dataclass(slots=True)
class Turn(Generic[S]):
    """One turn of a loop: the states before the loop, at the beginning of the turn, and on each way that ends it.
    `number` counts from 0."""

    entered: S
    head: S
    number: int = 0
    again: list[S] = field(default_factory=list)
    leave: list[S] = field(default_factory=list)


@dataclass(slots=True)
class Level:
    """A block that the walk is in: the side of a branch, the body of a loop, or what it began with. `read`: how many of
    its statements the walk has come to."""

    block: Block
    of: If | Loop | None
    label: str = ""
    read: int = 0


class Forward(ABC, Generic[S]):
    """An analysis: its states, and what each statement makes of them."""

    @abstractmethod
    def step(self, point: Statement, state: S, /) -> tuple[Statement | None, S]:
        """What a statement does by itself: of a branch, what its guard does; of a loop, what is done before its first
        turn. Answers with the statement as it is kept, None to leave it out, and with the state behind it."""

    def into(self, point: If, label: str, state: S, /) -> S:
        """The state at the beginning of a side, given that behind the guard."""
        return state

    @abstractmethod
    def met(self, point: If, before: S, ways: Sequence[S], /) -> tuple[If, S]:
        """The branch and the state behind it. `before`: behind the guard; `ways`: at the end of each side that has
        one, which is one side at least."""

    @abstractmethod
    def turned(self, loop: Loop, turn: Turn[S], /) -> S:
        """The state where the next turn begins. The loop is done if that is where the last one began."""

    @abstractmethod
    def left(self, loop: Loop, turn: Turn[S], /) -> tuple[Loop, S | None]:
        """The loop and the state behind it, None if no way leaves. `turn`: the last one."""


class Joining(Forward[S]):
    """An analysis for which it does not matter where ways meet."""

    @abstractmethod
    def join(self, one: S, other: S, /) -> S:
        """The state where two ways meet."""

    def met(self, point: If, before: S, ways: Sequence[S], /) -> tuple[If, S]:
        return point, reduce(self.join, ways)

    def turned(self, loop: Loop, turn: Turn[S], /) -> S:
        return reduce(self.join, turn.again, turn.head)

    def left(self, loop: Loop, turn: Turn[S], /) -> tuple[Loop, S | None]:
        return loop, reduce(self.join, turn.leave) if turn.leave else None


class Flow(Generic[S]):
    """The walk of one analysis."""

    def __init__(self, analysis: Forward[S], reports: Reports) -> None:
        self._analysis, self._reports = analysis, reports
        self._around: list[Level] = []
        self._turns: list[Turn[S]] = []

    def block(self, block: Block, state: S) -> tuple[Block, S | None]:
        """The block as the analysis keeps it, and the state behind it; None if no way leads through its end."""
        return self._inside(Level(block, None), state)

    def level(self) -> Level:
        """The innermost block around."""
        return self._around[-1]

    def rest(self) -> list[Block]:
        """What follows the statement that is looked at, innermost first; for a turn of a loop the body once more."""
        found: list[Block] = []
        for level in reversed(self._around):
            found.append(level.block[level.read :])
            if isinstance(level.of, Loop):
                found.append(level.block)
        return found

    def sides(self) -> Iterator[tuple[If, str]]:
        """The branches around, innermost first, each with the side that the walk is in."""
        return ((level.of, level.label) for level in reversed(self._around) if isinstance(level.of, If))

    def loops(self) -> Iterator[Loop]:
        """The loops around, innermost first."""
        return (level.of for level in reversed(self._around) if isinstance(level.of, Loop))

    def _inside(self, level: Level, state: S) -> tuple[Block, S | None]:
        made: list[Statement] = []
        behind: S | None = state
        self._around.append(level)
        for read, point in enumerate(level.block, 1):
            level.read = read
            if behind is None:
                made.append(point)
                continue
            kept, behind = self._point(point, behind)
            if kept is not None:
                made.append(kept)
        self._around.pop()
        return tuple(made), behind

    def _point(self, point: Statement, state: S) -> tuple[Statement | None, S | None]:
        kept, state = self._analysis.step(point, state)
        match kept:
            case If():
                return self._branch(kept, state)
            case Loop():
                return self._loop(kept, state)
            case Again():
                self._turns[-1].again.append(state)
            case Leave():
                self._turns[-1].leave.append(state)
            case Return() | Abort():
                pass
            case _:
                return kept, state
        return kept, None

    def _branch(self, point: If, state: S) -> tuple[Statement, S | None]:
        sides: list[Block] = []
        ways: list[S] = []
        for label, side in point.branches:
            block, end = self._inside(Level(side, point, label), self._analysis.into(point, label, state))
            sides.append(block)
            if end is not None:
                ways.append(end)
        then, orelse = sides
        if not (_same(then, point.then) and _same(orelse, point.orelse)):
            point = replace(point, then=then, orelse=orelse)
        return self._analysis.met(point, state, ways) if ways else (point, None)

    def _loop(self, point: Loop, state: S) -> tuple[Statement, S | None]:
        turn, told = Turn(state, state), Findings()
        while True:
            with self._reports.aside() as found:
                self._turns.append(turn)
                body, _ = self._inside(Level(point.body, point), turn.head)
                self._turns.pop()
            told = self._reports.kept(told, found)
            head = self._analysis.turned(point, turn)
            if head == turn.head:
                break
            turn = Turn(state, head, turn.number + 1)
        self._reports.now.take(told)
        if not _same(body, point.body):
            point = replace(point, body=body)
        return self._analysis.left(point, turn)


def _same(made: Block, block: Block) -> bool:
    """Whether the analysis has kept every statement of a block as it was."""
    return len(made) == len(block) and all(one is other for one, other in zip(made, block, strict=True))
