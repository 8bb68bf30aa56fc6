"""The lines at which what raises at a role certainly comes before the commit point.

A role that sends a message and goes on computes beside the pivot if the pivot may wait for that message alone
(`operations.behind`). Of a loop, or of a choreography that calls itself, that says too much: a role that sends in each
turn is beside the pivot behind its last message only, and at a place that a message has, no turn is the last one. What
raises says itself where it stands: on its way to the next message, or behind the last.

So the saga check takes note of a line as of a step: that a role has computed what stands on it. A pivot whose role
knows of it waits for it, in each turn, since a role does them one after the other. That holds of a line if it holds of
all that may be computed there: an expression in several turns or calls, others on the same line, and those of equal
statements on other lines, because two branches that are merged keep one of two.

Only lines are looked at on which something is known to raise. What else may go wrong anywhere is beside the pivot
wherever it may be.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from accompanist.language.ir import (
    NOBODY,
    Block,
    Expression,
    Header,
    If,
    Let,
    Loop,
    Move,
    Owners,
    Return,
    Statement,
    Whole,
    inside,
    walk,
)
from accompanist.language.knowledge import Done
from accompanist.language.operations import computed_on
from accompanist.language.raising import Raising, expressions

_Alike = tuple[tuple[str, ...], Expression]
"""What statements of one kind have in common that are merged: the names that they bind, and what they compute."""


class Lines:
    """The lines of one choreography that are looked at."""

    def __init__(self, whole: Whole, raised: Raising, header: Header) -> None:
        self._header, self._raised = header, raised
        self._alike: dict[_Alike, set[int]] = {}
        self._turning: dict[int, set[int]] = {}  # the lines of the loops around a branch, by its own
        self._watched: set[int] = set()
        for block in whole.blocks:
            self._read(block, frozenset())
        for point in (point for block in whole.blocks for point in walk(block)):
            if any(raised.at(value, owners) is not None for value, owners in expressions(point)):
                self._watched |= self._lines(point)

    def _read(self, block: Block, loops: frozenset[int]) -> None:
        for point in block:
            line = self._header.line_of(point.span)
            if isinstance(point, If):
                self._turning.setdefault(line, set()).update(loops)
            for alike in _alike(point):
                self._alike.setdefault(alike, set()).update(self._own(point))
            for inner in inside(point):
                self._read(inner, loops | {line} if isinstance(point, Loop) else loops)

    def _own(self, point: Statement) -> set[int]:
        """The lines that a statement may have in a role's program. The guard of `while` stands on that of its loop."""
        line = self._header.line_of(point.span)
        return {line} | (self._turning.get(line, set()) if isinstance(point, If) else set())

    def _lines(self, point: Statement) -> set[int]:
        """The same, and those of the statements that it may be merged with."""
        return self._own(point).union(*(self._alike[alike] for alike in _alike(point)))

    def steps(self, point: Statement) -> Iterator[tuple[Done, Owners]]:
        """What a statement computes, at each of its roles, and the roles that know of it."""
        lines = sorted(self._lines(point) & self._watched) if self._watched else []
        for value, owners in expressions(point) if lines else ():
            found = self._raised.at(value, owners)
            together = found[2] if found is not None else NOBODY  # if it raises, it raises at all of them
            for role in sorted(owners):
                known = together if role in together else frozenset({role})
                for line in lines:
                    yield Done(computed_on(line), role, "", self._header.span, False), known

    def early(self, late: Container[str]) -> frozenset[int]:
        """The lines of a role at which what raises comes before the commit point; `late`: all that does not."""
        return frozenset(line for line in self._watched if computed_on(line) not in late)


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
