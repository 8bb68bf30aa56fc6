"""What the compiler added to a choreography or worked out about it, and why: `accompanist check --explain`.

For each branch: who knows the guard, who is told and by which message, who needs to be told nothing because it does the
same in both sides, who stays out of a side. For the saga: what commits it, and what can still fail before.

It reads the amended normal form, the same one that is projected; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accompanist import limits
from accompanist.language.checks.saga import commit
from accompanist.language.ir import Block, ChoreographyHead, If, Invoke, Move, Select, actors, point_of, walk
from accompanist.language.program.program import Choreography


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was added or found. `kind`: guard, selection, merged, absent, commit, before, after or left."""

    kind: str
    line: int
    site: str
    text: str


def remarks(choreography: Choreography) -> tuple[Remark, ...]:
    """Everything there is to say of a choreography that compiled, in the order of the source."""
    header = choreography.header
    assert header is not None, "a choreography that compiled keeps its normal form"
    guards = {notice.site: notice.branch for notice in choreography.notices}
    branches = [point for point in walk(choreography.everything) if isinstance(point, If)]
    found = [remark for point in branches for remark in _branch(header, point, guards.get(point.site, ""))]
    return (*dict.fromkeys(found), *_saga(choreography, choreography.everything))


def _branch(header: ChoreographyHead, point: If, guard: str) -> Iterator[Remark]:
    told = {role: list(dict.fromkeys(_told(point, role))) for role in header.roles if role not in point.owners}
    others = [role for role in told if told[role] or role in point.acting]
    if not others:
        return
    line, site = point.test.span.line, point.site
    owners = [role for role in header.roles if role in point.owners]
    known = ", ".join(owners)
    branches = "branches by itself" if len(owners) == 1 else "branch by themselves"
    shown = f"`{guard}`" if guard else "the guard"
    yield Remark("guard", line, site, f"{shown} is known to {known}, who {branches}")
    for role in others:
        if told[role]:
            yield Remark("selection", line, site, f"{role} cannot tell the sides apart: {'; '.join(told[role])}")
        elif role in actors(point.then) and role in actors(point.orelse):
            yield Remark("merged", line, site, f"{role} does the same in both sides and is told nothing")
        else:
            yield Remark("absent", line, site, f"{role} has nothing to do in one side and is not started there")


def _told(point: If, role: str) -> Iterator[str]:
    """By which message a role learns of each side."""
    for label, block in point.branches:
        for inner in walk(block):
            if isinstance(inner, Select) and (inner.site, inner.receiver) == (point.site, role):
                yield f"{inner.sender} sends it `{label}`, a message of its own"
            elif isinstance(inner, Move):
                carried = inner.carried(role)
                if carried is not None and carried.site == point.site:
                    yield f"`{label}` rides on the value that {inner.sender} moves to it in line {inner.span.line}"


def _saga(choreography: Choreography, body: Block) -> Iterator[Remark]:
    calls = [point for point in walk(body) if isinstance(point, Invoke)]
    pivots = [point for point in calls if point.offer.pivot]
    for pivot in pivots:
        if pivot.offer.recorded and commit.inserted(pivot):
            text = f"{pivot.role}.commit() is put in here: something cannot be undone, and all that may fail is behind"
        elif pivot.offer.recorded:
            text = f"{pivot.role}.commit() commits the saga: from here on it only goes forward"
        else:
            name = f"{pivot.role}.{pivot.offer.name}"
            text = f"{name} commits the saga: it has no compensation and may decline, so it is the pivot"
        yield Remark("commit", pivot.span.line, pivot.site, text)
    if not pivots:
        line = choreography.header.span.line if choreography.header else 0
        yield Remark("commit", line, "", "everything can be undone, so no step commits the saga; it settles at its end")
        return
    yield from _left(pivots[0], [point for point in calls if _is_after(choreography, point)])
    for point in calls:
        if point.offer.pivot:
            continue
        name = f"{point.role}.{point.offer.title}"
        if _is_after(choreography, point):
            yield Remark("after", point.span.line, point.site, f"{name} may come after it: it cannot fail")
        else:
            undone = f" and is undone by {point.offer.compensation}" if point.offer.compensation else ""
            refused = "; a refusal is a value" if point.attempt else ""
            yield Remark("before", point.span.line, point.site, f"{name} comes before it{undone}{refused}")


def _is_after(choreography: Choreography, point: Invoke) -> bool:
    return point_of(point.site) in choreography.projections[point.role].sites_after_commit


def _left(pivot: Invoke, after: list[Invoke]) -> Iterator[Remark]:
    """What no check can rule out behind the commit point, and what becomes of the session then."""
    replies = dict.fromkeys(
        f"{point.role}.{point.offer.title} replies with what is no {point.offer.returns.text()}"
        for point in after
        if not point.offer.drawn
    )
    causes = [*replies, f"a value takes more than {limits.payload_bytes_max} bytes", "memory runs out"]
    text = (
        f"what can still go wrong behind it is not undone: {'; '.join(causes)}. The session is parked then (ACC203), "
        "and `accompanist sessions show ID` names what can be done"
    )
    yield Remark("left", pivot.span.line, pivot.site, text)
