"""What is said of commit points that are missing, or of different roles.

Several operations that cannot be undone may miss one commit point: that is one cause, said at the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accompanist.language.checks.saga.knowledge import Done
from accompanist.language.ir import Block, If, Statement, inside, walk
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Diagnostic, Findings
from accompanist.language.text.source import Sources, Span

_KNOWS = " does not know "


class CommitPoints:
    """Those of one choreography, as the saga check comes by. `refusal`: all that is against putting in a record."""

    def __init__(self, sources: Sources, findings: Findings, refusal: Sequence[Diagnostic]) -> None:
        self._sources, self._findings, self._refusal = sources, findings, refusal
        self._missing: dict[tuple[Span, str], str] = {}  # where which operation is, and why only some paths commit
        self.found: dict[str, Done] = {}
        """The first commit point of each role."""
        self.twice: set[Span] = set()
        """Those that come behind another one. That has been said, and is the cause if they are of different roles."""

    def clear(self) -> None:
        """What was found missing while less was known than there is."""
        self._missing.clear()

    def missing(self, name: str, span: Span, pivots: frozenset[Done]) -> None:
        """An operation cannot be undone, and nothing certainly commits the saga before it. `pivots`: what may have."""
        why = f"not every path to it commits the saga first: {_first(pivots)} is on some of them only" if pivots else ""
        self._missing[span, name] = why

    def tell(self, body: Block) -> None:
        """Report what is missing and what is too much."""
        for why in sorted(set(self._missing.values())):
            self._tell_missing(why, sorted(point for point, other in self._missing.items() if other == why), body)
        if len(self.found) > 1:
            first, *others = sorted(self.found.values(), key=lambda one: one.span)
            for other in (one for one in others if one.span not in self.twice):
                text = f"this path commits at {other.role}, the one of line {first.span.line} at {first.role}"
                self._add(codes.SCATTERED_PIVOTS, other.span, text, self._at_one_role(other, first))

    def _tell_missing(self, why: str, points: Sequence[tuple[Span, str]], body: Block) -> None:
        (span, name), *others = points
        more = _and([f"{other} of line {there.line}" for there, other in others])
        nothing = f"nothing commits the saga before it on this path{more and f', nor before {more}'}{self._no_place}"
        hint = advice.together([one.hint for one in self._refusal])
        if not hint and self.found:
            first = min(self.found.values(), key=lambda one: one.span)
            behind = f"put it behind {first.what} of line {first.span.line}, which {first.binds}"
            record = _line(self._sources, first, span)
            lacks = f"{first.role}.commit() in the branch that has none" if why else behind
            hint = f"a compensation for {name}, or {record if _apart(body, first.span, span) else lacks}"
        hint = hint or f"a compensation for {name}, or a commit point before it: ROLE.commit()"
        text = f"{why}{more and f'; so it is with {more}'}" if why else nothing
        self._add(codes.NO_PIVOT, span, f"{name} cannot be undone, and {text}", hint)

    def _at_one_role(self, other: Done, first: Done) -> str:
        if other.recorded:
            return f"{first.role}.commit() in place of {other.what}()"
        line = _line(self._sources, first, other.span)
        return f"a compensation for {other.what}; or @transaction(retriable=True) for it, and {line}"

    @property
    def _no_place(self) -> str:
        if not self._refusal:
            return ""
        return f". The commit that the compiler would put in is refused: {_all([one.text for one in self._refusal])}"

    def _add(self, code: str, span: Span, text: str, hint: str) -> None:
        self._findings.add(code, self._sources(span.file), span, text, hint)


def _line(sources: Sources, commits: Done, span: Span) -> str:
    """The record that lets a role commit before what stands in a span."""
    return f"{commits.role}.commit() {advice.above(sources(span.file), span)}"


def _apart(block: Block, one: Span, other: Span) -> bool:
    """Whether no path leads by both of two places."""
    for point in walk(block):
        if isinstance(point, If):
            sides = [(_holds(side, one), _holds(side, other)) for _, side in point.branches]
            if (True, False) in sides and (False, True) in sides:
                return True
    return False


def _holds(block: Block, span: Span) -> bool:
    points: Iterator[Statement] = walk(block)
    return any(point.span == span for point in points if not isinstance(point, If) or not any(inside(point)))


def _first(pivots: frozenset[Done]) -> str:
    one = min(pivots, key=lambda pivot: pivot.span)
    return f"{one.what} of line {one.span.line}"


def _and(texts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)


def _all(texts: Sequence[str]) -> str:
    """Several things that are said of a choreography, each once; what one role does not know is one sentence."""
    texts = list(dict.fromkeys(texts))
    known = [text.partition(_KNOWS) for text in texts]
    if not all(knows and who == known[0][0] for who, knows, _ in known):
        return "; ".join(texts)
    return f"{known[0][0]}{_KNOWS}{', '.join(what for _, _, what in known)}"
