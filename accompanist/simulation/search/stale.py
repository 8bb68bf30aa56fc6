"""One role under early release whose sidecar may lose its lease, not know so, and go on.

A successor recovers the session from the log. Meanwhile the stale owner hears what comes, asks its worker and sends.
Whatever it wants to commit is refused, and then it drops the session; what a refused commit holds does not leave. What
it sends early may arrive at any time, or never.

Not modelled: two stale owners of one session at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from accompanist.runtime.burst import CloseWorker
from accompanist.runtime.events import Arrived, Event
from accompanist.sidecar.calls.meaning import event_of
from accompanist.simulation.search.early import EarlyRole
from accompanist.simulation.search.session import Failure, Stepped
from accompanist.simulation.search.state import Chance, InMemory, RoleState, Stale, Transition
from accompanist.simulation.search.words import did, told


class StaleRole(EarlyRole):
    """What can happen at a role that has a stale owner beside its owner."""

    def _happens(self, state: RoleState) -> Iterator[Transition]:
        yield from super()._happens(state)
        if state.live >= 0 and not self._final(state.row):
            stale = Stale(state.live, state.heard, state.asked, self._ahead(state))
            to = self._dead(state._replace(asked=frozenset()))._replace(stale=stale)
            text = f"{self.name} LOSES ITS LEASE and goes on"
            yield Transition(text, Chance.CRASH, self._number(to), memory=InMemory.LOST)
        if state.stale is not None:
            yield from self._goes_on(state, state.stale)

    def _goes_on(self, state: RoleState, stale: Stale) -> Iterator[Transition]:
        """Everything that the stale owner may do. Nobody may count on it."""
        for number in sorted((state.road | state.stray | state.inbox) - stale.heard):
            message = self._post.messages[number]
            heard = stale._replace(heard=stale.heard | {number}, ahead=stale.ahead or number not in state.inbox)
            yield self._does(state, heard, number, Arrived(message), f"hears {told(message)}")
        for call in stale.asked:
            rest = stale._replace(asked=stale.asked - {call})
            if isinstance(call, CloseWorker):
                event, fence = self._shut(state, call)
                yield self._does(state._replace(fence=fence), rest, event, event, "closes the session")
                continue
            for way in self._ways(state, call):
                there = state._replace(fence=way.fence)
                answer = event_of(call, way.answer)
                move = self._does(there, rest, answer, answer, f"calls its worker, which {did(call, way.answer)}")
                yield self._effect(state, there) or move._replace(declines=way.declined)

    def _does(self, state: RoleState, stale: Stale, key: object, event: Event, text: str) -> Transition:
        words = f"the stale owner at {self.name} {text}"
        try:
            stepped = self._sessions.step(stale.live, key, event)
        except Failure:  # what its successor did meanwhile is impossible here; it would be parked, which is refused
            return Transition(words, Chance.LATE, self._number(state._replace(stale=None)))
        to, road = self._released(stale, stepped)
        after = self._remembered(state._replace(stale=to), self._to_whom(road), stale.heard)
        return Transition(words, Chance.LATE, self._number(after), road=road, memory=InMemory.STRAY)

    def _released(self, stale: Stale, stepped: Stepped) -> tuple[Stale | None, tuple[int, ...]]:
        """The stale owner after an event, and what it sends; None if it wants to commit, which is refused."""
        road: list[int] = []
        stale = stale._replace(live=stepped.to)
        for burst in stepped.bursts:
            if self._road.refused and not burst.early and (burst.forced or stale.ahead):
                road.extend(map(self._post.number, burst.messages[: burst.ahead]))
                return None, tuple(road)
            road.extend(map(self._post.number, burst.messages))
            stale = stale._replace(asked=stale.asked | frozenset(burst.calls), ahead=stale.ahead or burst.forced)
        return stale, tuple(road)
