"""The lines at which what raises at a role certainly comes before the commit point.

A role that sends a message and goes on computes beside the pivot if the pivot may wait for that message alone
(`operations.behind`). Of a loop, or of a choreography that calls itself, that says too much: a role that sends in each
turn is beside the pivot behind its last message only, and at a place that a message has, no turn is the last one. What
raises says itself where it stands: on its way to the next message, or behind the last.

So the saga check takes note of a line as of a step: that a role has computed what stands on it. A pivot whose role
knows of it waits for it, in each turn, since a role does them one after the other. That holds of a line if it holds of
all that may be computed there: an expression in several turns or calls, others on the same line, and those of equal
statements on other lines, because two branches that are merged keep one of two. Such lines are one group, and late
together.

Only lines are looked at on which something is known to raise. What else may go wrong anywhere is beside the pivot
wherever it may be.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from accompanist.language.checks.saga.knowledge import Done
from accompanist.language.checks.saga.raising import Raising, expressions
from accompanist.language.ir import (
    Block,
    ChoreographyHead,
    Expression,
    If,
    Let,
    Loop,
    Move,
    NormalForm,
    Return,
    Statement,
    inside,
    walk,
)
from accompanist.language.program.operations import computed_on

_Alike = tuple[tuple[str, ...], Expression]
"""What statements of one kind have in common that are merged: the names that they bind, and what they compute."""


class Lines:
    """The lines of one choreography that are looked at."""

    def __init__(self, whole: NormalForm, raised: Raising, header: ChoreographyHead) -> None:
        self._header = header
        self._alike: dict[_Alike, int] = {}  # one line of the statements of that kind
        self._turning: dict[int, set[int]] = {}  # the lines of the loops around a branch, by its own
        self._joined: dict[int, int] = {}  # of a line, another one of its group
        for block in whole.blocks:
            self._read(block, frozenset())
        points = [point for block in whole.blocks for point in walk(block)]
        self._lines = {self._line(point) for point in points}
        for point in points:
            self._join(point)
        raising = (point for point in points if any(raised.at(*one) is not None for one in expressions(point)))
        self._watched = {self._group(self._line(point)) for point in raising}

    def _read(self, block: Block, loops: frozenset[int]) -> None:
        for point in block:
            line = self._line(point)
            if isinstance(point, If):
                self._turning.setdefault(line, set()).update(loops)
            for inner in inside(point):
                self._read(inner, loops | {line} if isinstance(point, Loop) else loops)

    def _line(self, point: Statement) -> int:
        return self._header.line_of(point.span)

    def _join(self, point: Statement) -> None:
        """Put the lines that a statement may have in a role's program into one group: its own, that of the loop if it
        is the guard of a `while`, and those of the statements that it may be merged with."""
        line = self._line(point)
        others = set(self._turning.get(line, ())) if isinstance(point, If) else set()
        others |= {self._alike.setdefault(alike, line) for alike in _alike(point)}
        for other in others:
            self._joined[self._group(other)] = self._group(line)

    def _group(self, line: int) -> int:
        while (other := self._joined.get(line, line)) != line:
            line = other
        return line

    def steps(self, point: Statement) -> Iterator[Done]:
        """What a statement computes, at each of its roles. Only the role itself knows of it: that others compute the
        same does not say that they fail alike, since what fails may be a process and not the expression."""
        if not self._watched or (group := self._group(self._line(point))) not in self._watched:
            return
        roles = {role for _, owners in expressions(point) for role in owners if role}  # a move may have no sender
        for role in sorted(roles):
            yield Done(computed_on(group), role, "", self._header.span, False)

    def early(self, late: Container[str]) -> frozenset[int]:
        """The lines of a role at which what raises comes before the commit point; `late`: all that does not."""
        lines = {line: self._group(line) for line in self._lines}
        return frozenset(
            line for line, group in lines.items() if group in self._watched and computed_on(group) not in late
        )


def _alike(point: Statement) -> Iterator[_Alike]:
    """What is no message and no call has no site that would tell it from others; whoever sends a value keeps it under
    a name as in an assignment."""
    match point:
        case Let(targets=targets, value=value):
            yield targets, value
        case Move(target=str() as target, value=value):
            yield (target,), value
        case If(test=value) | Return(value=value):
            yield (), value
