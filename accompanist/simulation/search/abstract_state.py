"""Where a role stands in the proved protocol (docs/proofs/Saga.v), and how it is on its way to where it has to come.

`simulation.search.refinement` has the rules; `simulation.search.abstraction` reads an `AbstractRole` off the search.
What only the proofs read is left out: `begun`, `own`, `hand`. So is `parked`: no session of a search is parked. What a
state does not tell any more is taken as what forbids the most.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class AbstractPhase(StrEnum):
    """The phases of Saga.v."""

    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    SETTLED = "settled"
    ENDED = "ended"


BACK = frozenset({AbstractPhase.UNDOING, AbstractPhase.UNDONE, AbstractPhase.ENDED})
OVER = frozenset({AbstractPhase.UNDONE, AbstractPhase.ENDED})


class Effect(NamedTuple):
    """A transaction that was executed. `pivot`: it commits the saga. `stays`: no compensation undoes it."""

    site: str
    pivot: bool = False
    stays: bool = False


class AbstractRole(NamedTuple):
    """Where a role stands, as Saga.v sees it. `told`: an abort lies in its inbox; `asked`: a request to undo does."""

    phase: AbstractPhase = AbstractPhase.IDLE
    vote: str | None = None
    contacts: frozenset[str] = frozenset()
    shut: bool = False
    executed: tuple[Effect, ...] = ()
    undone: tuple[str, ...] = ()
    told: bool = False
    asked: bool = False
    granted: bool = False
    passed: bool = False

    def plain(self) -> AbstractRole:
        """The same, without what no rule reads of a role that stands there."""
        if self.phase in (AbstractPhase.IDLE, AbstractPhase.RUNNING):
            return self
        if self.phase is AbstractPhase.DONE:
            return self._replace(asked=False)
        # that the commit point is passed can only forbid, so it is assumed where the log does not tell any more
        over = self._replace(told=False, asked=False, granted=False, passed=self.phase is AbstractPhase.SETTLED)
        # a role that has ended executes nothing, whether its door is shut or it left a tombstone
        return over._replace(shut=self.shut and self.phase is not AbstractPhase.ENDED)


AbstractState = Mapping[str, AbstractRole]


class SagaShape(NamedTuple):
    """What never changes: `owner` of the commit point, the send sets, and the roles whose workers have a door to shut,
    because they have transactions."""

    initiator: str
    owner: str
    sends_to: Mapping[str, frozenset[str]]
    doors: frozenset[str]


class RoleProgress(NamedTuple):
    """One role on its way: the saga, where all stand now and where all have to come, and the role."""

    saga: SagaShape
    now: AbstractState
    to: AbstractState
    role: str

    @property
    def at(self) -> AbstractRole:
        return self.now[self.role]

    @property
    def goal(self) -> AbstractRole:
        return self.to[self.role]

    @property
    def is_initiator(self) -> bool:
        return self.role == self.saga.initiator

    @property
    def initiator(self) -> AbstractRole:
        """Where the initiator stands."""
        return self.now[self.saga.initiator]

    def put(self, **changes: Any) -> dict[str, AbstractRole]:
        return {**self.now, self.role: self.at._replace(**changes).plain()}

    def telling(self, **changes: Any) -> dict[str, AbstractRole]:
        """The role goes back, and tells whom it tells (`tells` of Saga.v)."""
        told = {self.saga.initiator, *self.saga.sends_to[self.role], *self.at.contacts}
        now = self.put(**changes)
        return {role: one._replace(told=True).plain() if role in told else one for role, one in now.items()}
