"""Which aborts a side of a branch may come to, also through the procedures that it enters."""

from __future__ import annotations

from collections.abc import Iterable

from accompanist.language.ir import Abort, Block, Enter, Procedure, walk


class Aborts:
    """The aborts of one choreography."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self._entered: dict[int, dict[str, Abort]] = {}  # by procedure, by site
        self._sides: dict[int, tuple[Block, dict[str, Abort]]] = {}
        procedures = tuple(procedures)
        before: dict[int, dict[str, Abort]] | None = None
        while before != self._entered:
            before = dict(self._entered)
            self._entered |= {one.number: self._of(one.body) for one in procedures}

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
            self._sides[id(side)] = side, self._of(side)
        return self._sides[id(side)][1]

    def _of(self, block: Block) -> dict[str, Abort]:
        found: dict[str, Abort] = {}
        for point in walk(block):
            if isinstance(point, Abort):
                found[point.site] = point
            elif isinstance(point, Enter):
                found |= self._entered.get(point.procedure, {})
        return found
