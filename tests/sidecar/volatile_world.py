"""Volatile sessions of several services in one seeded event loop: real sessions, calls and worker memories.

Only the network, the workers' operations and chance are made up. Messages take random times, so they overtake one
another, and some come twice. Calls may be asked again after their answer was lost. A service's sidecar and its worker
are processes that can be killed and begun anew. What the workers really did is kept in `World.done`, which nothing
under test reads.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec
import orjson

from accompanist.language.program.program import RoleProgram
from accompanist.rpc import meta as rpc_meta
from accompanist.rpc.envelope import CLOSED, GONE, RETRY_LATER, RpcError
from accompanist.runtime import answers
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import VOLATILE, Header, Kind, Message
from accompanist.runtime.ports import SessionRow
from accompanist.sidecar.calls.attempts import CLOSE, DESCRIBE, FORGET, Calls
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.volatile.sessions import VolatileSessions
from accompanist.sidecar.volatile.ways import Way
from accompanist.simulation.clusters.loop import Process, SeededLoop
from accompanist.telemetry.spans import Telemetry
from accompanist.worker.fence import Key
from accompanist.worker.volatile import Outcome, VolatileMemory
from tests.runtime import sagas

_ERRORS = {GONE: answers.Gone(), CLOSED: answers.Closed()}
_OUTCOMES = {
    "closed": answers.Closed(),
    "gone": answers.Gone(),
    "reused": answers.Reused("other arguments"),
}


class Worker:
    """The worker of a service, as its sidecar reaches it."""

    url = "unix:worker"

    def __init__(self, world: World, service: str) -> None:
        self._world, self._service = world, service
        self.alive = True
        self.fenced = False
        """Whether its memory stands for a fence: it names no process, and is asked as durable sessions ask."""
        self._made = 0
        self.memory = VolatileMemory("")
        self.restart()

    def restart(self) -> None:
        """Another process: it remembers nothing."""
        self._made += 1
        self.alive = True
        self.memory = VolatileMemory(f"{self._service}-worker-{self._made}", clock=self._world.loop.time)

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> answers.Answer:
        if not await self._way():
            return answers.Fault("nobody listens", silent=True, away=True)
        memory = self.memory
        answer = await self._answer(memory, method, arguments, rpc_meta.read(meta))
        if memory is not self.memory or not await self._way():
            return answers.Fault("the connection was closed", silent=True)
        if method not in (DESCRIBE, FORGET) and self._world.chance.random() < self._world.unheard:
            return answers.Fault("no answer in time")
        return answer

    async def _way(self) -> bool:
        await asyncio.sleep(self._world.delay())
        return self.alive

    async def _answer(
        self, memory: VolatileMemory, method: str, arguments: bytes, about: rpc_meta.Meta
    ) -> answers.Answer:
        if method == DESCRIBE:
            return answers.Replied(orjson.dumps({} if self.fenced else {"volatile": memory.process}))
        if about.volatile != (None if self.fenced else memory.process):
            return answers.Gone()
        asked = orjson.loads(arguments)
        if method == FORGET:
            return answers.Replied(b"%d" % memory.forget(map(UUID, asked["sessions"])))
        try:
            if method == CLOSE:
                session, role = UUID(asked["session"]), asked["role"]
                return answers.Replied(await memory.close(session, role, asked["unless"], asked.get("before")))
            assert about.session is not None and about.role is not None and about.site is not None
            key = Key(about.session, about.role, about.site, about.kind, method, arguments.decode())
            status, said = await memory.once(key, lambda: self._run(memory, key, about.retriable))
        except RpcError as problem:
            assert problem.code in (*_ERRORS, RETRY_LATER)
            return _ERRORS.get(problem.code, answers.RetryLater(str(problem.data)))
        if status == "replied":
            return answers.Replied((said or "null").encode())
        return answers.Declined(said or "") if status == "declined" else _OUTCOMES[status]

    async def _run(self, memory: VolatileMemory, key: Key, firm: bool) -> Outcome:
        await asyncio.sleep(self._world.delay() + self._world.slow.get(key.operation, 0.0))
        if memory is not self.memory:
            raise RpcError(RETRY_LATER, "retry later", "shutting_down")
        if key.kind == "forward" and not firm and key.operation in self._world.declines:
            return "declined", "no"
        self._world.done[key.session, key.role].append((key.kind, key.site))
        return "replied", orjson.dumps(orjson.loads(key.arguments).get("value")).decode()


class _SimulatedWay:
    """The way from one process to another."""

    def __init__(self, speaker: Sidecar, peer: Sidecar) -> None:
        self.service, self.process = peer.service, peer.sessions.process
        self.sessions: set[UUID] = set()
        self._speaker, self.peer = speaker, peer

    def join(self, session: UUID) -> None:
        self.sessions.add(session)

    def leave(self, session: UUID) -> None:
        self.sessions.discard(session)

    def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            for _ in range(2 if self._speaker.world.chance.random() < self._speaker.world.twice else 1):
                self._later(message, ())

    def tell(self, lost: Lost) -> None:
        self._later(None, (lost,))

    def _later(self, message: Message | None, lost: Sequence[Lost]) -> None:
        world, speaker, peer = self._speaker.world, self._speaker, self.peer

        def arrive() -> None:
            messages = [] if message is None else [message]
            refused = peer.sessions.heard(speaker.service, speaker.sessions.process, messages, lost)
            for one in refused:
                world.loop.later(
                    world.delay(), speaker.process.soon, speaker.sessions.heard, peer.service, self.process, [], [one]
                )

        world.loop.later(world.delay(), peer.process.soon, arrive)


class _SimulatedWays:
    """The ways of one process."""

    def __init__(self, speaker: Sidecar) -> None:
        self._speaker = speaker
        self.open: dict[str, _SimulatedWay] = {}

    def find(self, service: str, session: UUID) -> Way | None:
        way = self.open.get(service)
        return way if way is not None and way.peer.process.alive else None

    async def reach(self, service: str, session: UUID) -> Way | None:
        await asyncio.sleep(self._speaker.world.delay())
        peer = self._speaker.world.sidecars[service]
        if not peer.process.alive:
            return None
        way = self.open.get(service)
        if way is None or way.peer is not peer:
            way = self.open[service] = _SimulatedWay(self._speaker, peer)
        return way


class Sidecar:
    """The volatile sessions of one service, in a process."""

    def __init__(self, world: World, service: str, number: int) -> None:
        self.world, self.service = world, service
        self.process = Process(world.loop, f"{service}/{number}")
        roles = [role for role, bound in world.bindings.items() if bound == service]
        classes = {world.programs[role].projection.role_class for role in roles}
        tracing = Tracing(Telemetry(), {})
        worker = world.workers[service]
        calls = Calls(dict.fromkeys(classes, worker), tracing, chance=world.chance.random, monotonic=world.loop.time)
        self.sessions = VolatileSessions(
            service,
            f"{service}-sidecar-{number}",
            world,
            calls,
            tracing,
            lambda session: True,
            self._ended,
            clock=world.loop.time,
        )
        self.ways = _SimulatedWays(self)
        self.sessions.attach(self.ways)

    def _ended(self, row: SessionRow) -> None:
        if row.role == row.header.initiator and row.outcome is not None:
            self.world.ends[row.header.session].append(row.outcome)


class World:
    """The services of a saga. `declines`: operations that decline; `slow`: how many seconds some take; `unheard` and
    `twice`: the probability that a call is asked again after its answer was lost, and that a message comes twice."""

    def __init__(
        self,
        seed: str,
        programs: dict[str, RoleProgram],
        declines: frozenset[str] = frozenset(),
        bindings: dict[str, str] | None = None,
    ) -> None:
        self.chance = random.Random(seed)
        self.loop = SeededLoop(self.chance.randrange(1 << 30))
        self.programs = programs
        self.bindings = bindings or {role: role for role in programs}
        self.declines = declines
        self.slow: dict[str, float] = {}
        self.unheard = 0.1
        self.twice = 0.2
        self.done: dict[tuple[UUID, str], list[tuple[str, str]]] = defaultdict(list)
        self.ends: dict[UUID, list[str]] = defaultdict(list)
        services = sorted(set(self.bindings.values()))
        self.workers = {service: Worker(self, service) for service in services}
        self.sidecars: dict[str, Sidecar] = {}
        self._numbers: dict[str, int] = defaultdict(int)
        for service in services:
            self.begin(service)

    # -- what a sidecar hosts ------------------------------------------------------------------------

    def program(self, header: Header, role: str) -> RoleProgram | None:
        return self.programs.get(role) if header.fingerprint == "f" else None

    def bound_as(self, header: Header) -> bool:
        return header.bindings == self.bindings

    # -- what happens --------------------------------------------------------------------------------

    def delay(self) -> float:
        return self.chance.uniform(0.0005, 0.02)

    def begin(self, service: str) -> None:
        """Begin the sidecar of a service, or another one after it was killed."""
        self._numbers[service] += 1
        self.sidecars[service] = Sidecar(self, service, self._numbers[service])

    def kill(self, service: str) -> None:
        """Kill a sidecar: the others notice that their connections are closed."""
        killed = self.sidecars[service]
        killed.process.kill()
        for other in self.sidecars.values():
            way = other.ways.open.get(service)
            if other is not killed and way is not None and way.peer is killed:
                self.loop.later(self.delay(), other.process.soon, other.sessions.way_lost, way, "it was killed")

    def start(self, number: int, value: int = 1) -> asyncio.Task[None]:
        """Start a saga at its initiator."""
        header = msgspec.structs.replace(
            sagas.HEADER,
            session=UUID(int=(4 << 76) | number),
            mode=VOLATILE,
            bindings=self.bindings,
            initiator=next(iter(self.programs)),
        )
        message = msgspec.structs.replace(sagas.start(value), header=header, receiver=header.initiator)
        sidecar = self.sidecars[self.bindings[header.initiator]]
        return sidecar.process.spawn(sidecar.sessions.start(message))

    def cancel(self, number: int) -> None:
        """A client asks for a saga to be undone."""
        initiator = next(iter(self.programs))
        sidecar = self.sidecars[self.bindings[initiator]]
        row = sidecar.sessions.row(UUID(int=(4 << 76) | number))
        if row is not None and row.outcome is None:
            request = control(row.header, Kind.CANCEL, CLIENT, initiator, "by a client")
            sidecar.process.soon(sidecar.sessions.request, request)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until_complete(self.loop.outside(asyncio.sleep(seconds)))

    def effects(self, number: int) -> dict[str, dict[str, list[str]]]:
        """What was done in a saga, by role and kind of call."""
        found: dict[str, dict[str, list[str]]] = {}
        for (session, role), entries in self.done.items():
            if session == UUID(int=(4 << 76) | number):
                kinds = found.setdefault(role, {"forward": [], "compensate": []})
                for kind, site in entries:
                    kinds[kind].append(site)
        return found

    def outcome(self, number: int) -> list[str]:
        """Every outcome that clients were told of a saga."""
        return self.ends[UUID(int=(4 << 76) | number)]
