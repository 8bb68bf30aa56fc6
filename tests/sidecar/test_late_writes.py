"""A log that executes earlier writes again, late: no session loses what was written after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accompanist.runtime.ports import Commit, Delivery, LogUnavailable
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar
from tests.sidecar.test_operating import divides, parked
from tests.sidecar.test_waiting import through


class Late:
    """A sidecar's log. Every flush is given up once; asked for again it is done, and after it all that was given up
    before. `changed`: what that changed."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._log = sidecar.log
        self._real = sidecar.log.flush
        self._given_up: list[Sequence[Commit]] = []
        self.late = 0
        self.changed: list[Any] = []
        sidecar.log.flush = self.flush  # type: ignore[method-assign]

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        if commits not in self._given_up:
            self._given_up.append(list(commits))
            raise LogUnavailable("given up")
        answers = await self._real(commits)
        before = self._kept()
        for given in self._given_up:
            if given != commits:
                self.late += 1
                await self._real(given)
        if self._kept() != before:
            self.changed.append(self._kept())
        return answers

    def _kept(self) -> Any:
        tables = self._log.tables
        results = {key: row for key, (row, _) in tables.results.items()}
        timers = {key: (one.row, one.due_at) for key, one in tables.timers.items()}
        return dict(tables.sessions), dict(tables.inbox), results, timers, set(tables.outbox)


def late(services: Services) -> list[Late]:
    return [Late(sidecar) for sidecar in services.sidecars.values()]


def nothing_came_back(logs: list[Late]) -> None:
    assert sum(log.late for log in logs) > 0
    assert [log.changed for log in logs] == [[] for _ in logs]


async def test_a_saga_settles() -> None:
    services = Services(sagas.recorded())
    logs = late(services)
    row = await services.end(await services.start())
    assert row.outcome == "settled"
    nothing_came_back(logs)


async def test_a_saga_is_undone() -> None:
    services = Services(sagas.recorded(), declines="try_it")
    logs = late(services)
    session = await services.start()
    row = await services.end(session)
    assert row.outcome == "ended"
    nothing_came_back(logs)
    assert not any(services.effects(session).values())


async def test_a_saga_waits_for_time_and_events() -> None:
    services = Services(sagas.waiting())
    logs = late(services)
    session = await services.start()
    await through(services, session)
    row = await services.end(session)
    assert row.outcome == "settled"
    nothing_came_back(logs)


async def test_a_parked_session_stays_parked() -> None:
    """A row from before, carried out after the one that parks it, would have it wait for a person whom nobody asks."""
    services = Services(divides())
    logs = late(services)
    session = await services.start()
    before = await parked(services, session)
    await services.sidecars["a"].driver.drain(1)
    assert await parked(services, session) == before
    nothing_came_back(logs)
