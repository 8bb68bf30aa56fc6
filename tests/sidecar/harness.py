"""Three services on one in-memory database, or some `apart` on their own, each with the real driver, intake, relay,
group commit and calls.

Only the world is fake: the log (which passes the conformance suite of the Postgres one), the workers (fenced, in
memory), back-off waits and chance. A service can be replaced by another sidecar while the old one goes on, which is
what a crash and a take-over look like to the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import ClassVar
from uuid import UUID, uuid4

import msgspec
import orjson

from accompanist import limits
from accompanist.language.program.program import RoleProgram
from accompanist.log.group import Flusher
from accompanist.log.inbox import Stored
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.rpc import meta as rpc_meta
from accompanist.rpc.access import calls_as
from accompanist.rpc.peers import DELIVER
from accompanist.runtime.answers import Answer, Fault, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.ports import Commit, Delivery, Phase, ResultKind, SessionRow
from accompanist.sidecar.calls.attempts import CLOSE, FORGET, Calls
from accompanist.sidecar.links.handed import HandedOver
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.loops.relay import Receiver, Relay
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.sessions.early import EarlyRelease
from accompanist.sidecar.tracing import Tracing
from accompanist.simulation.worker import FencedWorker, close_reply
from accompanist.telemetry.facts import Span
from accompanist.telemetry.spans import Telemetry
from tests.runtime import sagas


class Workers:
    """A service's worker: one fence per session. `answers` may be set to override what it says next,
    `turns` to how many turns of the loop an answer takes."""

    def __init__(self, role: str, programs: dict[str, RoleProgram], declines: frozenset[str]) -> None:
        self._make = lambda: sagas.workers(programs, declines)[role]
        self.sessions: dict[UUID, FencedWorker] = {}
        self.answers: list[Answer] = []
        self.calls: list[str] = []
        self.turns = 0

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        self.calls.append(method)
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if self.answers:
            return self.answers.pop(0)
        if method == FORGET:
            return Replied(b"0")
        about = rpc_meta.read(meta)
        session, site = about.session, about.site
        assert session is not None and site is not None
        worker = self.sessions.setdefault(session, self._make())
        if method == CLOSE:
            asked = orjson.loads(arguments)
            return Replied(close_reply(worker.close(asked["unless"], asked.get("before"))))
        return worker.call(CallWorker(site, ResultKind(about.kind), method, arguments, firm=about.retriable))


class Hosted:
    """The program of one role."""

    def __init__(self, program: RoleProgram) -> None:
        self._program = program

    def program(self, header: Header, role: str) -> RoleProgram | None:
        return self._program if role == self._program.role and header.fingerprint == "f" else None

    def playing(self, role: str) -> list[RoleProgram]:
        return [self._program] if role == self._program.role else []

    def bound_as(self, header: Header) -> bool:
        return header.bindings == sagas.HEADER.bindings


class Sidecar:
    """One sidecar of service `role`, with everything but a process around it. Whatever a test leaves under way is ended
    after it, as a process that leaves does it: `made` are those that were not yet."""

    made: ClassVar[list[Sidecar]] = []

    def __init__(self, role: str, world: Services) -> None:
        away = [other for other in world.programs if world.databases[other] is not world.databases[role]]
        self.log = MemoryLog(world.databases[role], role, away=away, delivered=self._delivered)
        self.made.append(self)
        self._world = world
        self.flusher = Flusher(self.log, sleep=_at_once, clock=lambda: world.now)
        tracing = Tracing(Telemetry(world.spans.append), {})
        calls = Calls({role.upper(): world.workers[role]}, tracing, sleep=_at_once, chance=lambda: 0.0)
        calls._learn(role.upper(), Replied(b"0"))  # as `look` would: these workers have fences
        self.early: list[Message] = []
        """What it has handed over before its commit; nobody gets it."""
        self.driver = Driver(
            role,
            Hosted(world.programs[role]),
            self.log,
            self.flusher,
            calls,
            tracing,
            world.ended,
            early=EarlyRelease(self._hand_early, self.log.accept) if world.early else None,
        )
        collection = Collector(self.log, calls, collect_after_ms=world.collect_after_ms)
        couriers = {other: Wire(world, role, other) for other in away}
        self.relay = Relay(self.log, couriers, self.driver.clashed)
        self.intake = Intake(
            f"{role}/{uuid4().hex}",
            self.log,
            self.driver,
            collection,
            stands_for_s=self.flusher.stands_for_s,
            relayed=self.relay.wake,
            handled=lambda entry: self.handed.handled(entry),
            queued=lambda: self.handed.queued,
        )
        self.handed = HandedOver(
            self.log, self.driver, self.intake.wake, self.intake.wake_later, lambda: world.wake({role: None})
        )

    def _hand_early(self, messages: Stored) -> None:
        self.early += [message for _, message in messages]

    def _delivered(self, services: Collection[str]) -> None:
        self.relay.wake(services)
        self._world.wake(services)


class Wire:
    """The way from one service's sidecar to another's in another database. `lost`: of how many calls, from now on, the
    request or the answer does not come through."""

    def __init__(self, world: Services, speaker: str, peer: str) -> None:
        self._world, self._speaker, self._peer = world, speaker, peer

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        assert method == DELIVER
        lost = self._world.lost.pop(0) if self._world.lost else ""
        if lost == "request":
            return Fault("no answer", silent=True)
        calls_as(self._speaker)
        params = msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
        said = await Receiver(self._world.sidecars[self._peer].log).deliver(params, None)
        return Fault("no answer", silent=True) if lost == "answer" else Replied(said)


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)


class Services:
    """The services a, b, c of a saga of `tests.runtime.sagas`."""

    def __init__(
        self,
        programs: dict[str, RoleProgram],
        declines: str = "",
        collect_after_ms: int = limits.collect_after_ms,
        apart: Collection[str] = (),
        early: bool = False,
    ) -> None:
        self.programs = programs
        self.early = early
        self.collect_after_ms = collect_after_ms
        self.now = 0.0
        self.database = MemoryDatabase([role for role in programs if role not in apart], clock=lambda: self.now)
        alone = {role: MemoryDatabase([role], clock=lambda: self.now) for role in apart}
        self.databases = {role: alone.get(role, self.database) for role in programs}
        self.lost: list[str] = []
        self.workers = {role: Workers(role, programs, frozenset({declines})) for role in programs}
        self.sidecars: dict[str, Sidecar] = {}
        self.rows: dict[UUID, asyncio.Future[SessionRow]] = {}
        self.spans: list[Span] = []
        for role in programs:
            self.add(role)

    def add(self, role: str) -> Sidecar:
        """A sidecar of the service from now on; one that was there goes on unheard."""
        sidecar = self.sidecars[role] = Sidecar(role, self)
        sidecar.relay.start()
        sidecar.intake.start()
        return sidecar

    def wake(self, services: Collection[str]) -> None:
        for service in services:
            if service in self.sidecars:
                self.sidecars[service].intake.wake()

    def ended(self, row: SessionRow) -> None:
        future = self.rows.get(row.header.session)
        if row.outcome is not None and row.role == "a" and future is not None and not future.done():
            future.set_result(row)

    async def start(self, value: int = 1) -> UUID:
        """Start a session as the API does."""
        session = uuid4()
        self.rows[session] = asyncio.get_running_loop().create_future()
        await self.post(_start(session, value))
        return session

    async def post(self, message: Message) -> Delivery:
        sidecar = self.sidecars["a"]
        [delivery] = await sidecar.flusher.commit(Commit(shard=None, messages=(message,)))
        sidecar.intake.wake()
        return delivery

    async def end(self, session: UUID) -> SessionRow:
        async with asyncio.timeout(20):
            return await self.rows[session]

    async def row(self, role: str, session: UUID, phase: Phase) -> SessionRow:
        """What the log has of a session once it stands at this phase."""
        async with asyncio.timeout(20):
            while True:
                [memory] = await self.sidecars[role].log.load([(session, role)])
                if memory.session is not None and memory.session.phase is phase:
                    return memory.session
                await asyncio.sleep(0)  # a turn of the loop, not a time

    async def over(self, role: str, session: UUID) -> None:
        """Until the session is over at a role in memory, whatever the log has."""
        while (found := self.sidecars[role].driver.session(session, role)) is None or not found.final:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time

    def effects(self, session: UUID) -> dict[str, int]:
        """What is left of each executed operation: 1 done, 0 undone."""
        left: dict[str, int] = {}
        for workers in self.workers.values():
            worker = workers.sessions.get(session)
            for entry in worker.executed if worker else ():
                left[entry.operation] = 1 - worker.undone.count(entry.site)  # type: ignore[union-attr]
        return left


def _start(session: UUID, value: int) -> Message:
    return of(sagas.start(value), session)


def of(message: Message, session: UUID) -> Message:
    """The same message in another session."""
    header = msgspec.structs.replace(message.header, session=session)
    return msgspec.structs.replace(message, header=header)


@contextmanager
def few(name: str, value: int) -> Iterator[None]:
    """A limit that is met soon."""
    before = getattr(limits, name)
    setattr(limits, name, value)
    try:
        yield
    finally:
        setattr(limits, name, before)
