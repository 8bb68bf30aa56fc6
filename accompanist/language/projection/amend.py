"""Amendment: telling the roles that must know which branch was taken, and no others.

At a branch, the guard's owners branch by themselves. Each other role whose programs for the two sides do not merge is
told by one fixed owner of the guard. The selection rides on a data message if receiving that message from the selecting
role is the receiver's first action in the side; otherwise it is a message of its own at the side's beginning. Either
way its key is the branch's site, in both sides, so the receiver waits for one message. Where a side is nothing but
another branch that the same role tells it of (`elif`), one selection tells it both, under the site of the outer one.

`erase(amend(C)) = C`: amendment adds selections and changes nothing else. Not claimed: that the amended program does
step for step what the choreography says; independent roles may run ahead, and the results are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from accompanist.language.ir import (
    ELSE,
    THEN,
    Block,
    Carried,
    ChoreographyHead,
    If,
    Loop,
    Move,
    NormalForm,
    Procedure,
    Select,
    Statement,
    actors,
)
from accompanist.language.projection.liveness import takes_part
from accompanist.language.projection.local import LocalBlock, Offering, Receiving, stopped
from accompanist.language.projection.merge import NoMerge, merge
from accompanist.language.projection.project import NOTHING, Ahead, Projector, inside, reach, unreached


@dataclass(frozen=True, slots=True)
class Sides:
    """A role's programs for the two sides of a branch, by label."""

    by_label: Mapping[str, LocalBlock]

    def rides(self, label: str, block: Block, selector: str, receiver: str) -> str | None:
        """The site of the move that a selection can ride on in this side."""
        program = self.by_label[label]
        first = program[0] if program else None
        if not isinstance(first, Receiving) or first.sender != selector:
            return None
        sites = [point.site for point in block if isinstance(point, Move) and receiver in point.receivers]
        return first.site if first.site in sites else None

    def chained(self, label: str, block: Block, selector: str) -> If | None:
        """The branch that this side consists of, if the same role tells the receiver of it (`elif`): then one selection
        can tell it of both."""
        match self.by_label[label], block:
            case (Offering(site=site, sender=sender),), (If() as inner,) if (site, sender) == (inner.site, selector):
                return inner
        return None


class Amender:
    """Inserts the selections of one choreography."""

    def __init__(self, header: ChoreographyHead) -> None:
        self._header = header
        self._projectors = {role: Projector(header, role) for role in header.roles}

    def whole(self, normal: NormalForm) -> NormalForm:
        """Everything with every selection that is needed."""
        return NormalForm(self.amend(normal.body), tuple(self.proceed(one) for one in normal.procedures))

    def amend(self, body: Block) -> Block:
        """The body with every selection that is needed."""
        return self._block(body, dict.fromkeys(self._header.roles, NOTHING), frozenset({self._header.initiator}))

    def proceed(self, procedure: Procedure) -> Procedure:
        """A procedure likewise. Whoever acts in it counts as reached: it is told, in the first call too."""
        acting = actors(procedure.body)
        parties = {role: NOTHING for role in self._header.roles if role in acting}
        return replace(procedure, body=self._block(procedure.body, parties, acting))

    def _block(self, block: Block, ahead: Mapping[str, Ahead], begun: Set[str]) -> Block:
        """`ahead`: what lies after the block for each role that follows it. In a loop these are not all."""
        made: list[Statement] = []
        ahead = dict(ahead)
        acting = next((one.acting for one in ahead.values()), frozenset())
        for point, (at, acts) in zip(reversed(block), reversed(reach(block, begun, acting)), strict=True):
            if isinstance(point, If):
                then, orelse = self._block(point.then, ahead, at), self._block(point.orelse, ahead, at)
                point = self._tell(replace(point, then=then, orelse=orelse), ahead, at)
            elif isinstance(point, Loop):
                point = replace(point, body=self._block(point.body, self._turn(point, ahead), at))
            for role, after in ahead.items():
                live = self._projectors[role].project((point,), after, at)[1]
                ahead[role] = replace(after, live=live, acting=after.acting | acts)
            made.append(point)
        return tuple(reversed(made))

    def _turn(self, loop: Loop, ahead: Mapping[str, Ahead]) -> dict[str, Ahead]:
        """What lies after the points of a loop's body, for those who take part."""
        return {
            role: inside(loop, role, after)
            for role, after in ahead.items()
            if takes_part(loop, role, after.live, after.acting)
        }

    def _tell(self, point: If, ahead: Mapping[str, Ahead], begun: Set[str]) -> If:
        told: dict[str, Sides] = {}
        for role, after in ahead.items():
            if role in point.owners:
                continue
            projector = self._projectors[role]
            programs = {label: projector.project(side, after, begun)[0] for label, side in point.branches}
            if unreached(role, programs[THEN], programs[ELSE], after, begun):
                continue
            try:
                merge(programs[THEN], programs[ELSE])
            except NoMerge:
                told[role] = Sides(programs)
        if not told:
            return point
        selector = max(
            (role for role in ahead if role in point.owners),
            key=lambda role: sum(_rides(point, role, told)),
        )
        then, orelse = (self._side(point, label, selector, told) for label, _ in point.branches)
        return replace(point, then=then, orelse=orelse)

    def _side(self, point: If, label: str, selector: str, told: Mapping[str, Sides]) -> Block:
        block = dict(point.branches)[label]
        selections: list[Statement] = []
        for role, sides in told.items():
            if stopped(sides.by_label[label]):
                continue  # the abort reaches it
            site = sides.rides(label, block, selector, role)
            inner = sides.chained(label, block, selector)
            if inner is not None:
                block = (_relabel(block[0], inner.site, point.site, role, label),)
            elif site is None:
                selections.append(Select(point.site, selector, role, label, point.span))
            else:
                block = tuple(_carry(move, site, Carried(point.site, label, role)) for move in block)
        return (*selections, *block)


def erase(block: Block) -> Block:
    """The block without selections."""
    made: list[Statement] = []
    for point in block:
        if isinstance(point, If):
            point = replace(point, then=erase(point.then), orelse=erase(point.orelse))
        elif isinstance(point, Loop):
            point = replace(point, body=erase(point.body))
        elif isinstance(point, Move):
            point = replace(point, carries=())
        if not isinstance(point, Select):
            made.append(point)
    return tuple(made)


def _rides(point: If, selector: str, told: Mapping[str, Sides]) -> list[bool]:
    """For each role told and each side, whether a selection from `selector` would ride."""
    return [
        sides.rides(label, block, selector, role) is not None
        for role, sides in told.items()
        for label, block in point.branches
    ]


def _relabel(point: Statement, old: str, new: str, receiver: str, label: str) -> Statement:
    """A branch whose selections to a receiver speak of the branch around it too."""
    if isinstance(point, If):
        then, orelse = (tuple(_relabel(p, old, new, receiver, label) for p in side) for _, side in point.branches)
        return replace(point, then=then, orelse=orelse)
    if isinstance(point, Select) and (point.site, point.receiver) == (old, receiver):
        return replace(point, site=new, label=f"{label} {point.label}")
    if isinstance(point, Move):
        carries = tuple(
            replace(one, site=new, label=f"{label} {one.label}") if (one.site, one.receiver) == (old, receiver) else one
            for one in point.carries
        )
        return replace(point, carries=carries)
    return point


def _carry(point: Statement, site: str, carried: Carried) -> Statement:
    if isinstance(point, Move) and point.site == site:
        return replace(point, carries=(*point.carries, carried))
    return point
