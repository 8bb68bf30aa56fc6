"""What is said of commit points that are missing, or of different roles.

Several operations that cannot be undone may miss one commit point: that is one cause, said at the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from accompanist.language.checks.saga.branches import apart, holds, lacking
from accompanist.language.checks.saga.knowledge import Done, Knowledge
from accompanist.language.ir import Block, Invoke
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Diagnostic, Findings
from accompanist.language.text.source import Sources, Span

_KNOWS = " does not know "


class CommitPoints:
    """Those of one choreography, as the saga check comes by. `refusal`: all that is against putting in a record."""

    def __init__(self, sources: Sources, findings: Findings, refusal: Sequence[Diagnostic]) -> None:
        self._sources, self._findings, self._refusal = sources, findings, refusal
        self._missing: dict[tuple[Span, str], frozenset[Done]] = {}  # where which operation is, and what some paths do
        self._calls: dict[Span, Invoke] = {}  # these, and the commit points
        self._known: dict[tuple[str, int], list[Knowledge]] = {}  # where a line begins, each time that it is come to
        self.found: dict[str, Done] = {}
        """The first commit point of each role."""
        self.twice: set[Span] = set()
        """Those that come behind another one. That has been said, and is the cause if they are of different roles."""

    def clear(self) -> None:
        """What was found missing while less was known than there is."""
        self._missing.clear()
        self._calls.clear()
        self._known.clear()

    def comes(self, span: Span, known: Knowledge) -> None:
        """The walk comes to a line."""
        self._known.setdefault((span.file, span.line), []).append(known)

    def pivot(self, point: Invoke, done: Done) -> None:
        """A saga commits at a point."""
        self.found.setdefault(point.role, done)
        self._calls.setdefault(point.span, point)

    def missing(self, name: str, point: Invoke, pivots: frozenset[Done]) -> None:
        """An operation cannot be undone, and nothing certainly commits the saga before it. `pivots`: what may have."""
        self._missing[point.span, name] = pivots
        self._calls[point.span] = point

    def tell(self, body: Block) -> None:
        """Report what is missing and what is too much."""
        alike: dict[str, list[tuple[Span, str]]] = {}
        for point, pivots in sorted(self._missing.items()):
            alike.setdefault(_why(pivots), []).append(point)
        for why, points in sorted(alike.items()):
            self._tell_missing(why, points, body)
        if len(self.found) > 1:
            first, *others = sorted(self.found.values(), key=lambda one: one.span)
            for other in (one for one in others if one.span not in self.twice):
                text = f"this path commits at {other.role}, the one of line {first.span.line} at {first.role}"
                self._add(codes.SCATTERED_PIVOTS, other.span, text, self._at_one_role(other, first, body))

    def _tell_missing(self, why: str, points: Sequence[tuple[Span, str]], body: Block) -> None:
        (span, name), *others = points
        more = _and([f"{other} of line {there.line}" for there, other in others])
        nothing = f"nothing commits the saga before it on this path{more and f', nor before {more}'}{self._no_place}"
        hint = advice.together([one.hint for one in self._refusal])
        if not hint and self.found:
            first = min(self.found.values(), key=lambda one: one.span)
            behind = f"put it behind {first.what} of line {first.span.line}, which {first.binds}"
            record = self._records(first, [span for span, _ in points], body)
            record = record if apart(body, first.span, span) else behind
            hint = f"a compensation for {name}, or {self._in_branch(first.role, points[0], body) if why else record}"
        hint = hint or f"a compensation for {name}, or a commit point before it: ROLE.commit()"
        text = f"{why}{more and f'; so it is with {more}'}" if why else nothing
        self._add(codes.NO_PIVOT, span, f"{name} cannot be undone, and {text}", hint)

    def _records(self, first: Done, points: Sequence[Span], body: Block) -> str:
        """The records that are missing, one for each path."""
        told: list[Span] = []
        for span in points:
            if all(apart(body, one, span) for one in told):
                told.append(span)
        return ", and ".join(self._above(first.role, span) for span in told)

    def _in_branch(self, role: str, missing: tuple[Span, str], body: Block) -> str:
        """The record that the other side of a branch has, where it is missing, and what belongs to it."""
        span, _ = missing
        branch = lacking(body, [one.span for one in self._missing[missing]])
        lines = self._lines(role, span, () if branch is None else branch.commits)
        return f"{_and(lines)} {'in the branch that has none' if branch is None else branch.where}"

    def _above(self, role: str, span: Span) -> str:
        """The record that lets a role commit before what is done in a span, and what belongs to it."""
        lines = self._lines(role, span)
        return f"{_and(lines)} {advice.above(self._sources(span.file), span, len(lines))}"

    def _lines(self, role: str, span: Span, elsewhere: Block = ()) -> list[str]:
        """All that lets a role commit before what is done in a span: messages of what it does not know yet, unless that
        is done `elsewhere`, the record, and a message of it to who goes on."""
        point, source = self._calls[span], self._sources(span.file)
        first = advice.first_line(source, span)
        begun = next((line for line in range(first, span.line + 1) if (span.file, line) in self._known), span.line)
        ways = self._known.get((span.file, begun), [])
        unknown = (one for known in ways for one in known.unknown[role] if one.fails)
        others = sorted({one.role for one in unknown if not holds(elsewhere, one.span)})
        lines = [*(f"com({other}.now(), to={role})" for other in others), f"{role}.commit()"]
        return [*lines, f"com({role}.now(), to={point.role})"] if point.role != role else lines

    def _at_one_role(self, other: Done, first: Done, body: Block) -> str:
        if other.recorded:
            return f"{first.role}.commit() in place of {other.what}()"
        offer = self._calls[other.span].offer
        alike = sorted(span for span, call in self._calls.items() if call.offer == offer)
        kept = f"@transaction(retriable=True) for it if {offer.name} never declines: it is asked again then until it is"
        too = _and([str(span.line) for span in alike if span != other.span])
        lines = self._records(first, alike, body)
        return f"a compensation for {other.what}; or {kept} done{too and f', in line {too} too'}; and {lines}"

    @property
    def _no_place(self) -> str:
        if not self._refusal:
            return ""
        return f". The commit that the compiler would put in is refused: {_all([one.text for one in self._refusal])}"

    def _add(self, code: str, span: Span, text: str, hint: str) -> None:
        self._findings.add(code, self._sources(span.file), span, text, hint)


def _why(pivots: frozenset[Done]) -> str:
    """Why a saga is not committed although it may be: only some paths do it."""
    if not pivots:
        return ""
    one = min(pivots, key=lambda pivot: pivot.span)
    return f"not every path to it commits the saga first: {one.what} of line {one.span.line} is on some of them only"


def _and(texts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)


def _all(texts: Sequence[str]) -> str:
    """Several things that are said of a choreography, each once; what one role does not know is one sentence."""
    texts = list(dict.fromkeys(texts))
    known = [text.partition(_KNOWS) for text in texts]
    if not all(knows and who == known[0][0] for who, knows, _ in known):
        return "; ".join(texts)
    return f"{known[0][0]}{_KNOWS}{', '.join(what for _, _, what in known)}"
