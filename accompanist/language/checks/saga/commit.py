"""Where a saga commits that has no pivot: the place of its record, `role.commit()` (docs/language/saga.md).

What cannot be undone and is retriable comes after the commit point. Where no author said which that is, it is put in:
as late as possible, directly before what cannot be undone, at the role that does it, on each path that comes to it. If
that is no commit point (another role has begun by then, or does not know enough), it is the last place before, on the
way that all paths share, after something that its role did.

Each place is put to the saga check as if an author had written it; the first that it takes is taken. So nothing is
decided here that the check does not hold, and what was put in stands in the normal form like anything else: it is
projected, drawn, and part of the fingerprint.

Not promised: that a place is found wherever there is one. Only straight ways are gone back, `commit_places_max` steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from accompanist import limits
from accompanist.language.ir import (
    Again,
    Block,
    ChoreographyHead,
    Enter,
    If,
    Invoke,
    Leave,
    Let,
    Loop,
    Move,
    NormalForm,
    Return,
    Statement,
    walk,
)
from accompanist.language.reading.roles import DRAWN
from accompanist.language.text.diagnostic import Diagnostic

_MARK = "^"
"""Ends the site of a record that was put in, before it the site of the point that it stands beside."""


def inserted(point: Invoke) -> bool:
    """Whether a record was put in here and not written by an author."""
    return point.site.endswith(_MARK)


def placed(
    whole: NormalForm, header: ChoreographyHead, refused: Callable[[NormalForm], tuple[Diagnostic, ...]]
) -> tuple[NormalForm, tuple[Diagnostic, ...]]:
    """The choreography with its record, if it needs one; as it was, with all that is against the latest place, where
    there is none for it. `refused`: what the saga check has against a choreography."""
    calls = [point for block in whole.blocks for point in walk(block) if isinstance(point, Invoke)]
    if any(call.offer.pivot for call in calls) or not any(call.offer.irrevocable for call in calls):
        return whole, ()
    places = _Places(whole, header)
    latest: tuple[Diagnostic, ...] = ()
    for body in islice(places.bodies(), limits.commit_places_max):
        made = replace(whole, body=body)
        problems = refused(made)
        if not problems:
            return made, ()
        latest = latest or problems
    return whole, latest


class _Places:
    """The places of one choreography, from the latest to the earliest."""

    def __init__(self, whole: NormalForm, header: ChoreographyHead) -> None:
        self._body, self._header = whole.body, header
        self._procedures = {one.number: one for one in whole.procedures}

    def bodies(self) -> Iterator[Block]:
        """The choreography's own steps with a record in each of the places."""
        yield self._directly_before(self._body)
        yield from self._earlier(self._body)
        yield (_record(self._header.initiator, self._body[0], "0"), *self._body)

    def _directly_before(self, block: Block) -> Block:
        at, first = self._first(block)
        if first is None:
            return block
        point = block[at]
        assert isinstance(point, If | Invoke | Loop | Enter)
        if isinstance(point, If):
            sides = (self._directly_before(side) for _, side in point.branches)
            return (*block[:at], replace(point, then=next(sides), orelse=next(sides)), *block[at + 1 :])
        return (*block[:at], _record(first.role, point, point.site), *block[at:])

    def _earlier(self, block: Block) -> Iterator[Block]:
        """Gone back from where the first of what cannot be undone is done; into a branch if all of it is in one."""
        at, _ = self._first(block)
        point = block[at]
        if isinstance(point, If) and self._first(block[at + 1 :])[1] is None:
            before, behind = block[:at], block[at + 1 :]
            if self._first(point.orelse)[1] is None:
                yield from ((*before, replace(point, then=side), *behind) for side in self._earlier(point.then))
            elif self._first(point.then)[1] is None:
                yield from ((*before, replace(point, orelse=side), *behind) for side in self._earlier(point.orelse))
        for index in range(at, 0, -1):
            last = block[index - 1]
            for role in _did(last):
                assert not isinstance(last, Let | Again | Leave | Return), "nobody does anything there"
                yield (*block[:index], _record(role, block[index], last.site), *block[index:])

    def _first(self, block: Block) -> tuple[int, Invoke | None]:
        """The first call of a block that cannot be undone and is retriable, and which of its points holds it."""
        for at, point in enumerate(block):
            found = self._inside(point, frozenset())
            if found is not None:
                return at, found
        return 0, None

    def _inside(self, statement: Statement, seen: frozenset[int]) -> Invoke | None:
        for point in walk((statement,)):
            if isinstance(point, Invoke) and point.offer.irrevocable:
                return point
            if isinstance(point, Enter) and point.procedure not in seen:
                body = self._procedures[point.procedure].body
                found = (self._inside(inner, seen | {point.procedure}) for inner in body)
                if (first := next((one for one in found if one is not None), None)) is not None:
                    return first
        return None


def _record(role: str, before: Statement, site: str) -> Invoke:
    return Invoke(site + _MARK, None, role, DRAWN["commit"], (), False, before.span)


def _did(point: Statement) -> tuple[str, ...]:
    """The roles that did something at a point."""
    match point:
        case Invoke(role=role):
            return (role,)
        case Move(sender=sender, receivers=receivers) if receivers:
            return (sender, *receivers)
        case If(acting=acting) | Loop(acting=acting) | Enter(acting=acting):
            return tuple(sorted(acting))
    return ()
