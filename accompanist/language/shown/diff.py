"""Two versions of a file of choreographies: what changes at each role, and which sessions in flight go on.

A session runs on the fingerprint it began with, for ever. So a role whose projection is the same goes on as it is, and
a role whose projection changed goes on with the old one, which its service's log keeps with the message types and
@pure functions it was registered with. What can break it is what the log cannot keep: the worker that is deployed. Its
operations, and the classes they take and give, are compared here (`ground`); the steps of each role are only compared
to say what is new.

Cautious on purpose: any change of a class that an operation takes or gives counts as breaking, also a field with a
default, because the worker may be in any language, and not all of them let a field be missing. Not seen: what a worker
does inside; types from outside the project; whether any session is in flight at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from accompanist.language.program.program import Choreography
from accompanist.language.reading.roles import Offer
from accompanist.language.shown.ground import Ground, Moved, calls, misfits
from accompanist.language.shown.steps import RoleStep, steps


@dataclass(frozen=True, slots=True)
class ComparedVersion:
    """A file's choreographies with the project they stand in."""

    choreographies: Sequence[Choreography]
    ground: Ground

    def find(self, name: str) -> Choreography | None:
        return next((one for one in self.choreographies if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Change:
    """One step that was added, removed, changed, or only renumbered."""

    kind: str
    old: RoleStep | None
    new: RoleStep | None


@dataclass(frozen=True, slots=True)
class RoleDiff:
    """One role. `verdict`: same (goes on as it is), kept (goes on with the old projection), broken (the worker that
    would be deployed cannot serve the old one; `breaks` says why), new (no session knows it).

    `workers`: what the workers of the old version do not offer to the new projection.
    """

    role: str
    verdict: str
    changes: tuple[Change, ...] = ()
    breaks: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChoreographyDiff:
    """One choreography. `state`: same, changed, added or removed; `fingerprints` are the old and the new one."""

    name: str
    state: str
    fingerprints: tuple[str, str]
    roles: tuple[RoleDiff, ...] = ()

    @property
    def broken(self) -> bool:
        return any(role.verdict == "broken" for role in self.roles)


@dataclass(frozen=True, slots=True)
class Diff:
    """Two versions of a file."""

    choreographies: tuple[ChoreographyDiff, ...] = field(default=())

    @property
    def broken(self) -> bool:
        return any(one.broken for one in self.choreographies)


def diff(old: ComparedVersion, new: ComparedVersion) -> Diff:
    """Compare two versions, the deployed one and the one to be deployed."""
    names = dict.fromkeys(one.name for one in (*old.choreographies, *new.choreographies))
    return Diff(tuple(_choreography(name, old, new) for name in names))


def _choreography(name: str, old: ComparedVersion, new: ComparedVersion) -> ChoreographyDiff:
    before, after = old.find(name), new.find(name)
    if before is None:
        assert after is not None, "a name comes from one of the two versions"
        return ChoreographyDiff(name, "added", ("", after.fingerprint), tuple(RoleDiff(r, "new") for r in after.roles))
    roles = tuple(dict.fromkeys((*before.roles, *(after.roles if after else ()))))
    made = tuple(_role(role, old, new, (before, after)) for role in roles)
    if after is None:
        return ChoreographyDiff(name, "removed", (before.fingerprint, ""), made)
    state = "same" if before.fingerprint == after.fingerprint else "changed"
    return ChoreographyDiff(name, state, (before.fingerprint, after.fingerprint), made)


def _role(
    role: str, old: ComparedVersion, new: ComparedVersion, both: tuple[Choreography, Choreography | None]
) -> RoleDiff:
    before, after = both
    there = after is not None and role in after.projections
    if role not in before.projections:
        assert after is not None, "a role comes from one of the two versions"
        return RoleDiff(role, "new", tuple(Change("added", None, step) for step in steps(after, role)))
    if there and after is not None and before.projections[role].digest == after.projections[role].digest:
        return RoleDiff(role, "same")
    # where the choreography is gone nothing says that anything has moved
    moved = Moved(before.module, (after or before).module)
    breaks = tuple(_breaks(role, before, (old, new), moved))
    changes = tuple(_changes(steps(before, role), steps(after, role) if after is not None and there else ()))
    workers = () if after is None or not there else tuple(_misfits(role, after, old, moved.back))
    return RoleDiff(role, "broken" if breaks else "kept", changes, breaks, workers)


def _breaks(
    role: str, before: Choreography, versions: tuple[ComparedVersion, ComparedVersion], moved: Moved
) -> Iterator[str]:
    """Why a session that began on `before` could not go on at a role with the worker that the later version deploys."""
    ground, later = (version.ground for version in versions)
    for pair in ground.under(before, role):
        yield from ground.differences(pair, later, moved)
    for what in _misfits(role, before, versions[1], moved):
        yield f"the role's operation {what} any more" if "not offered" in what else f"the role's operation {what}"


def _misfits(role: str, choreography: Choreography, other: ComparedVersion, moved: Moved) -> Iterator[str]:
    """What of a role's operations another version's class of it does not offer."""
    assert choreography.header is not None, "a choreography that compiled keeps its head"
    known = choreography.header.roles[role]
    there = other.ground.role_class(moved.module((known.module, known.name), other.ground), known.name)
    yield from misfits(_called(choreography, role), there, lambda type: moved.type(type, other.ground))


def _called(choreography: Choreography, role: str) -> dict[str, Offer]:
    """The operations of a role that its projection may ask for."""
    assert choreography.header is not None, "a choreography that compiled keeps its head"
    offers = choreography.header.roles[role].offers
    return {offer.name: offer for offer in offers if calls(choreography, role, offer.name)}


def _changes(old: Sequence[RoleStep], new: Sequence[RoleStep]) -> Iterator[Change]:
    """The steps laid side by side: by what they say, then, between those, by what they are of."""
    matched = SequenceMatcher(None, [one.text for one in old], [one.text for one in new], autojunk=False)
    for tag, first, last, begin, end in matched.get_opcodes():
        if tag == "equal":
            for one, other in zip(old[first:last], new[begin:end], strict=True):
                if one.site != other.site:
                    yield Change("renumbered", one, other)
        else:
            yield from _replaced(old[first:last], new[begin:end])


def _replaced(old: Sequence[RoleStep], new: Sequence[RoleStep]) -> Iterator[Change]:
    matched = SequenceMatcher(None, [one.kind for one in old], [one.kind for one in new], autojunk=False)
    for tag, first, last, begin, end in matched.get_opcodes():
        if tag == "equal":
            yield from (
                Change("changed", one, other) for one, other in zip(old[first:last], new[begin:end], strict=True)
            )
        else:
            yield from (Change("removed", one, None) for one in old[first:last])
            yield from (Change("added", None, one) for one in new[begin:end])
