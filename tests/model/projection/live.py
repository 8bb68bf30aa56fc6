"""The compiler's amendment and projection with every name needed everywhere.

The compiler leaves out of a role's program what the role computes and never needs, which makes more branches alike. The
proof does not have this. So it is switched off where the two are compared, and nothing else is. Who follows the turns
of a loop stays as the compiler has it (`Following`): it depends on what is needed, and the proof takes it as given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from accompanist.language.ir import Block, ChoreographyHead, Loop, Owners, Statement
from accompanist.language.projection import amend, project
from accompanist.language.projection.amend import Amender
from accompanist.language.projection.liveness import Names, takes_part
from accompanist.language.projection.local import LocalBlock
from accompanist.language.projection.project import NOTHING, Ahead, Projector


class Everything(frozenset[str]):
    """The set of all names."""

    def __contains__(self, name: object) -> bool:
        return True

    def __and__(self, other: Set[Any]) -> frozenset[str]:
        return frozenset(other)

    def __or__(self, other: Set[Any]) -> Everything:
        return self

    def __sub__(self, other: Set[Any]) -> Everything:
        return self

    __rand__, __ror__ = __and__, __or__


EVERYTHING = Everything()
ALL = Ahead(EVERYTHING, frozenset())


class LiveProjector(Projector):
    """Projects to one role, for which every name is needed before every statement."""

    def _point(self, point: Statement, rest: LocalBlock, ahead: Ahead, begun: Set[str]) -> tuple[LocalBlock, Names]:
        return super()._point(point, rest, ahead, begun)[0], EVERYTHING


class LiveAmender(Amender):
    """Inserts the selections that are needed then."""

    def __init__(self, header: ChoreographyHead) -> None:
        super().__init__(header)
        self._projectors = {role: LiveProjector(header, role) for role in header.roles}


@contextmanager
def decided(takes_part: Callable[[Loop, str, Names, Owners], bool]) -> Iterator[None]:
    """Who follows the turns of a loop is decided so inside."""
    with patch.object(amend, "takes_part", takes_part), patch.object(project, "takes_part", takes_part):
        yield


class Following:
    """Who follows the turns of each loop of a choreography, as the compiler projects it."""

    def __init__(self, header: ChoreographyHead, amended: Block) -> None:
        self._known: set[tuple[str, str]] = set()
        with decided(self._seen):
            for role in header.roles:
                Projector(header, role).project(amended, NOTHING, frozenset({header.initiator}))

    def __call__(self, loop: Loop, role: str, live: Names, later: Owners) -> bool:
        return (loop.site, role) in self._known

    def _seen(self, loop: Loop, role: str, live: Names, later: Owners) -> bool:
        found = takes_part(loop, role, live, later)
        if found:
            self._known.add((loop.site, role))
        return found
