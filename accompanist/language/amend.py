"""Amendment: telling the roles that must know which branch was taken, and no others.

At a branch, the guard's owners branch by themselves. Each other role whose programs for the two sides do not merge is
told by one fixed owner of the guard. The selection rides on a data message if receiving that message from the selecting
role is the receiver's first action in the side; otherwise it is a message of its own at the side's beginning. Either
way its key is the branch's site, in both sides, so the receiver waits for one message.

`erase(amend(C)) = C`: amendment adds selections and changes nothing else. Not claimed: that the amended program does
step for step what the choreography says; independent roles may run ahead, and the results are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from accompanist.language.ir import ELSE, THEN, Block, Carried, Header, If, Move, Owners, Select, Statement, actors
from accompanist.language.local import LocalBlock, Receiving, stopped
from accompanist.language.merge import NoMerge, merge
from accompanist.language.project import Ahead, Names, Projector, reach, unreached


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


class Amender:
    """Inserts the selections of one choreography."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._projectors = {role: Projector(header, role) for role in header.roles}

    def amend(self, body: Block) -> Block:
        """The body with every selection that is needed."""
        live: dict[str, Names] = dict.fromkeys(self._header.roles, frozenset())
        return self._block(body, live, frozenset(), frozenset({self._header.initiator}))

    def _block(self, block: Block, live: Mapping[str, Names], acting: Owners, begun: Set[str]) -> Block:
        made: list[Statement] = []
        live = dict(live)
        reached = reach(block, begun, acting)
        for point, at in zip(reversed(block), reversed(reached), strict=True):
            if isinstance(point, If):
                then = self._block(point.then, live, acting, at)
                orelse = self._block(point.orelse, live, acting, at)
                point = self._tell(replace(point, then=then, orelse=orelse), live, acting, at)
            for role, projector in self._projectors.items():
                live[role] = projector.project((point,), Ahead(live[role], acting), at)[1]
            acting |= actors((point,))
            made.append(point)
        return tuple(reversed(made))

    def _tell(self, point: If, live: Mapping[str, Names], acting: Owners, begun: Set[str]) -> If:
        told: dict[str, Sides] = {}
        for role, projector in self._projectors.items():
            if role in point.owners:
                continue
            ahead = Ahead(live[role], acting)
            programs = {label: projector.project(side, ahead, begun)[0] for label, side in point.branches}
            if unreached(role, programs[THEN], programs[ELSE], ahead, begun):
                continue
            try:
                merge(programs[THEN], programs[ELSE])
            except NoMerge:
                told[role] = Sides(programs)
        if not told:
            return point
        selector = max(
            (role for role in self._header.roles if role in point.owners),
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
            if site is None:
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


def _carry(point: Statement, site: str, carried: Carried) -> Statement:
    if isinstance(point, Move) and point.site == site:
        return replace(point, carries=(*point.carries, carried))
    return point
