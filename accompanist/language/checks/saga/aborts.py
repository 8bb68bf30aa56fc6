"""Which aborts a side of a branch may come to, also through the procedures that it enters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from accompanist.language.flow.facts import settled
from accompanist.language.ir import Abort, Block, Enter, Procedure, walk

_Entered = Mapping[int, Mapping[str, Abort]]
"""The aborts that each procedure may come to, by site."""


class Aborts:
    """The aborts of one choreography."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        procedures = tuple(procedures)

        def entered(known: _Entered) -> _Entered:
            return {one.number: _aborts(one.body, known) for one in procedures}

        self._entered: _Entered = settled({}, entered)
        self._sides: dict[int, tuple[Block, dict[str, Abort]]] = {}

    def news(self, side: Block, other: Block) -> dict[str, Abort]:
        """The roles that may abort in the other side of a branch, each with the first of its aborts.

        What follows a branch may stand in both of its sides, and so may its aborts. That the other side may come to
        one of those is no news: this side comes to the same branch around it, and who goes on behind that says so in
        the same words on both sides.
        """
        own = self._in(side)
        found: dict[str, Abort] = {}
        for site, abort in self._in(other).items():
            if site not in own:
                found.setdefault(abort.role, abort)
        return found

    def _in(self, side: Block) -> dict[str, Abort]:
        if id(side) not in self._sides:  # the block is kept, so that no other one has its id
            self._sides[id(side)] = side, _aborts(side, self._entered)
        return self._sides[id(side)][1]


def _aborts(block: Block, entered: _Entered) -> dict[str, Abort]:
    found: dict[str, Abort] = {}
    for point in walk(block):
        if isinstance(point, Abort):
            found[point.site] = point
        elif isinstance(point, Enter):
            found |= entered.get(point.procedure, {})
    return found
