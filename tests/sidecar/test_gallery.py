"""The gallery on real sidecars: one for each role, with its log in Postgres, woken by NOTIFY.

Each choreography is started as a client starts it, with each of its ARGUMENTS. It must have the result that it states,
after the same transactions as the direct reading. All sidecars host all choreographies. Only the workers are fakes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from accompanist.background import Background
from accompanist.language.values import codec
from accompanist.log.listener import Listener
from accompanist.log.notifier import Notifier
from accompanist.rpc import meta as rpc_meta
from accompanist.runtime.answers import Answer
from accompanist.runtime.ports import Memory, SessionRow
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hosting import Hosted
from accompanist.simulation.clusters.ledger import EffectLedger, Workers
from accompanist.simulation.clusters.subject import Subject
from accompanist.simulation.worker import FencedWorker
from tests.language.programs import CORPUS, must_pass
from tests.log.worlds import PostgresWorld
from tests.postgres import Cluster, Database, provision_logs, wait_for
from tests.sidecar.front import Service
from tests.simulation.reading import judge, read_like

SERVICES: Mapping[str, str] = {name: f"acc_{name}" for name in ("first", "second", "third", "fourth", "fifth", "sixth")}
"""As many as the largest choreography has roles: the first role is played by the first service."""
PATIENCE_MS = 20_000  # a saga takes a fraction of a second; one that stands still is a failure

pytestmark = pytest.mark.asyncio(loop_scope="module")


def bound(roles: Iterable[str]) -> dict[str, str]:
    """Which service plays each of these roles."""
    return dict(zip(roles, SERVICES, strict=False))


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Worker(Workers):
    """The worker of every service, as a sidecar asks it. It answers from the table of the choreography that is played
    now."""

    def __init__(self) -> None:
        super().__init__(EffectLedger(), lambda session, role: self.subject, lambda operation: False, random.Random(0))
        self.subject: Subject

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return self.answer(method, arguments, rpc_meta.read(meta))

    def of(self, session: UUID) -> dict[str, FencedWorker]:
        """What it has of a session, by role."""
        return {role: fence for (held, role), fence in self.fences.items() if held == session}


class Stage:
    """The services, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._world = PostgresWorld(database, services=SERVICES)
        self._leave = AsyncExitStack()
        self._background = Background()
        self.worker = Worker()
        self.services: dict[str, Service] = {}

    async def open(self) -> None:
        self._leave.push_async_callback(self._world.close)
        choreographies = [must_pass(name)[0] for name in CORPUS]
        for name, schema in SERVICES.items():
            dsn = self._database.sidecar_dsn(name)
            notifier = Notifier.at(dsn, SERVICES)
            self._leave.push_async_callback(notifier.close)
            hosted = Hosted(name, lambda choreography, roles: bound(roles), Here())
            for choreography in choreographies:
                hosted.add(choreography)
            service = Service(name, await self._world.sidecar(name, notifier.notify), hosted)
            self._leave.push_async_callback(service.close)
            classes = {part.role_class for one in choreographies for part in one.projections.values()}
            await service.run(dict.fromkeys(classes, self.worker))
            await service.calls.look()
            ear = self._background.keep("listener", Listener.at(dsn, schema, service.hear).run)
            self._leave.push_async_callback(cancelled, ear)
            self.services[name] = service

    async def close(self) -> None:
        await self._leave.aclose()

    async def play(self, subject: Subject, number: int) -> tuple[dict[str, Any], dict[str, Memory]]:
        """Start it with these arguments; what its client is told at last, and what is in the log of each role that it
        reached."""
        self.worker.subject = subject
        played = bound(subject.choreography.projections)
        told = await self.services[played[subject.initiator]].ask(
            "session.start",
            choreography=subject.choreography.name,
            arguments=subject.starts[number],
            wait_ms=PATIENCE_MS,
        )
        assert told["outcome"], told
        session = UUID(told["session"])
        found = {role: await self._over(session, role, service) for role, service in played.items()}
        return told, {role: memory for role, memory in found.items() if memory.session is not None}

    async def _over(self, session: UUID, role: str, service: str) -> Memory:
        """What the log has of a role when the session is over there, or that it has nothing."""
        while True:
            memory: Memory
            [memory] = await self.services[service].log.load([(session, role)])
            if memory.session is None or memory.session.outcome is not None:
                return memory


@pytest.fixture(scope="module")
def logs(cluster: Cluster) -> Iterator[Database]:
    """One database with the logs of all services."""
    with cluster.database(migrated=False) as database:
        wait_for(provision_logs(database, SERVICES))
        yield database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(logs: Database) -> AsyncIterator[Stage]:
    made = Stage(logs)
    try:
        await made.open()
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("name", CORPUS)
async def test_it_comes_to_its_results_in_postgres(stage: Stage, name: str) -> None:
    choreography, module = must_pass(name)
    subject = Subject(choreography, module.WORKERS, module.ARGUMENTS)
    for number, (arguments, expected) in enumerate(zip(module.ARGUMENTS, module.RESULTS, strict=True)):
        told, memories = await stage.play(subject, number)
        rows = {role: memory.session for role, memory in memories.items() if memory.session is not None}
        found = came_to(subject, told, rows)
        assert found == dict.fromkeys(found, expected), number
        results = (result for memory in memories.values() for result in memory.results)
        read = read_like(choreography, arguments, module.WORKERS, results)
        judge(choreography, read, rows, stage.worker.of(UUID(told["session"])), number)


def came_to(subject: Subject, told: Mapping[str, Any], rows: Mapping[str, SessionRow]) -> dict[str, Any]:
    """What each owner of the result has of it; the reason, as the client is told it, if all was undone."""
    if told["outcome"] == "ended":
        return {"client": f"undone: {told['reason']}"}
    results = {role: rows[role].result or b"" for role in subject.choreography.result_owners}
    return {role: codec.decode(result, subject.programs[role].result_type) for role, result in results.items()}
