"""Where commit points stand among the branches of a choreography.

Not promised: that every branch which has none is found. Behind a loop, the first one is named.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from accompanist.language.ir import Block, If, Loop, ends, inside, walk
from accompanist.language.text.source import Span


@dataclass(frozen=True, slots=True)
class Lacking:
    """A branch that commits on one of its sides only: `where` the other side is, and what stands in the side that
    `commits`."""

    where: str
    commits: Block


def apart(block: Block, one: Span, other: Span) -> bool:
    """Whether no path leads by both of two places."""
    for point in walk(block):
        if isinstance(point, If):
            sides = [(holds(side, one), holds(side, other)) for _, side in point.branches]
            if (True, False) in sides and (False, True) in sides:
                return True
    return False


def holds(block: Block, span: Span) -> bool:
    """Whether a statement of a block stands there, and is no branch itself."""
    return any(point.span == span for point in walk(block) if not isinstance(point, If) or not any(inside(point)))


def lacking(block: Block, commits: Collection[Span]) -> Lacking | None:
    """The first branch that has one of the commit points on one side, and on the other, from which a way leads on,
    none."""
    for point in walk(block):
        if not isinstance(point, If):
            continue
        has = [any(holds(side, span) for span in commits) for side in (point.then, point.orelse)]
        side, other = (point.orelse, point.then) if has[0] else (point.then, point.orelse)
        if has[0] != has[1] and not ends(side):
            return Lacking(_at_the_end(point, side), other)
    return None


def _at_the_end(branch: If, side: Block) -> str:
    last = side[-1] if side else branch
    if last.span.line == branch.span.line:  # nobody wrote anything there: what is put in stands at its branch
        if side == branch.then:
            return f"in the branch of line {branch.span.line}, which has none"
        other = "an else of" if branch.left_out is None else "a case _ behind the case of"
        return f"in {other} line {branch.span.line}, which has none"
    if isinstance(last, If | Loop):
        return f"at the end of the branch of line {branch.span.line} that has none"
    return f"behind line {last.span.end_line}, in the branch that has none"
