"""What is said of commit points that are missing, or of different roles.

Several operations that cannot be undone may miss one commit point: that is one cause, said at the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accompanist.language.checks.saga.knowledge import Done, Knowledge
from accompanist.language.ir import Block, If, Invoke, Statement, inside, walk
from accompanist.language.text import advice, codes
from accompanist.language.text.diagnostic import Diagnostic, Findings
from accompanist.language.text.source import Sources, Span

_KNOWS = " does not know "


class CommitPoints:
    """Those of one choreography, as the saga check comes by. `refusal`: all that is against putting in a record."""

    def __init__(self, sources: Sources, findings: Findings, refusal: Sequence[Diagnostic]) -> None:
        self._sources, self._findings, self._refusal = sources, findings, refusal
        self._missing: dict[tuple[Span, str], str] = {}  # where which operation is, and why only some paths commit
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
        why = f"not every path to it commits the saga first: {_first(pivots)} is on some of them only" if pivots else ""
        self._missing[point.span, name] = why
        self._calls[point.span] = point

    def tell(self, body: Block) -> None:
        """Report what is missing and what is too much."""
        for why in sorted(set(self._missing.values())):
            self._tell_missing(why, sorted(point for point, other in self._missing.items() if other == why), body)
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
            lacks = f"{first.role}.commit() in the branch that has none" if why else behind
            hint = f"a compensation for {name}, or {record if not why and _apart(body, first.span, span) else lacks}"
        hint = hint or f"a compensation for {name}, or a commit point before it: ROLE.commit()"
        text = f"{why}{more and f'; so it is with {more}'}" if why else nothing
        self._add(codes.NO_PIVOT, span, f"{name} cannot be undone, and {text}", hint)

    def _records(self, first: Done, points: Sequence[Span], body: Block) -> str:
        """The records that are missing, one for each path."""
        told: list[Span] = []
        for span in points:
            if all(_apart(body, one, span) for one in told):
                told.append(span)
        return ", and ".join(self._lines(first.role, span) for span in told)

    def _lines(self, role: str, span: Span) -> str:
        """All that lets a role commit before what is done in a span: messages of what it does not know yet, the record,
        and a message of it to who goes on."""
        point, source = self._calls[span], self._sources(span.file)
        first = advice.first_line(source, span)
        begun = next((line for line in range(first, span.line + 1) if (span.file, line) in self._known), span.line)
        ways = self._known.get((span.file, begun), [])
        others = sorted({one.role for known in ways for one in known.unknown[role] if one.fails})
        lines = [*(f"com({other}.now(), to={role})" for other in others), f"{role}.commit()"]
        lines += [f"com({role}.now(), to={point.role})"] if point.role != role else []
        return f"{_and(lines)} {advice.above(source, span, len(lines))}"

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
