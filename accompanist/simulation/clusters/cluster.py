"""A simulated cluster: services with real sidecars, databases in memory, workers and a network.

    Cluster    the services, what connects them, and the faults that strike the whole
    Replica    one sidecar: driver, intake, group commit, calls and API as in production, in a process of its own
    WorkerLine the way from a sidecar to its worker (`simulation.clusters.line`)
    PeerLine   the way to a service in another database (`simulation.clusters.peer_line`), for the relay of production
    Deploy     the deployment of a changed choreography during the run (`simulation.clusters.deploys`)
    Hostile    a service that sends any message that its login allows (`simulation.clusters.hostile`)

What is real: everything under `sidecar/`, the group commit, the codec, the compiled choreographies. What is fake: the
log's tables (the verified fake), the connections, the workers, time and chance.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from accompanist.background import Background
from accompanist.language.program.program import Choreography
from accompanist.log.group import Flusher
from accompanist.log.inbox import Letter, Stored
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.log.wakeups import Heard, LastBytes, NewMessages
from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Kind as MessageKind
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery, LogUnavailable
from accompanist.runtime.session import Session
from accompanist.sidecar.api.events_and_timers import EventsAndTimers
from accompanist.sidecar.api.operators import Operators
from accompanist.sidecar.api.public import Api
from accompanist.sidecar.api.waiters import Waiters
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hearing import hear
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.links.handed import HandedOver
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.loops.relay import Relay
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.sessions.residence import Residence
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.versions import Versions
from accompanist.sidecar.volatile.sessions import VolatileSessions
from accompanist.simulation.clusters.deploys import Deploy
from accompanist.simulation.clusters.faults import FaultInjector, FaultKind
from accompanist.simulation.clusters.hostile import Hostile, hostile_in
from accompanist.simulation.clusters.hurt_log import HurtLog
from accompanist.simulation.clusters.judge import Oracle
from accompanist.simulation.clusters.ledger import EffectLedger, PlainWorkers, Workers
from accompanist.simulation.clusters.line import PlainLine, WorkerLine
from accompanist.simulation.clusters.links import SimulatedLinks
from accompanist.simulation.clusters.loop import Process, SeededLoop
from accompanist.simulation.clusters.peer_line import PeerLine
from accompanist.simulation.clusters.subject import Subject
from accompanist.telemetry.spans import Telemetry

EPOCH = 1_800_000_000.0
collect_after_ms = 9_000  # longer than a write that was given up can be late
tombstone_ms = 18_000  # nothing is late for longer, except messages of a role that could not close its session
_skew_s = 3_600.0


class Cluster:
    """Services `s0`, `s1`, ... `bindings`: which service plays each role, by choreography."""

    def __init__(
        self,
        seed: int,
        faults: FaultInjector,
        subjects: Sequence[Subject],
        keep: bool,
        plain: bool | None = None,
        hostile: bool | None = None,
        early: bool | None = None,
    ) -> None:
        self.loop = SeededLoop(seed)
        self.faults = faults
        self.subjects = subjects
        self.marks: Counter[str] = Counter()
        self.lines: list[str] = []
        self._keep = keep
        self._digest = hashlib.blake2b(digest_size=16)
        self._delays = random.Random(f"{seed}/delays")
        self.chance = random.Random(f"{seed}/cluster")
        self.seed = seed
        lied_to = random.Random(f"{seed}/hostile")
        count = self.chance.choice((1, 2, 3, 3))
        self.services = [f"s{number}" for number in range(max(count, 2) if hostile else count)]
        drawn = random.Random(f"{seed}/plain")
        share = drawn.choice((0.0, 0.0, 0.5, 1.0)) if plain is None else float(plain)
        self.plain = frozenset(name for name in self.services if drawn.random() < share)
        """The services whose workers have no fence."""
        self.peers = random.Random(f"{seed}/peers")
        self.place = self._places()
        self.bindings = {one.choreography.name: self._bound(one.choreography) for one in subjects}
        self.database = HurtDatabase(self)
        self.links = SimulatedLinks(self, early)
        self.judge = Oracle(self)
        self.ledger = EffectLedger()
        self.subjects_of: dict[UUID, Subject] = {}
        self.arguments_of: dict[UUID, bytes] = {}
        self.spoken_for: set[UUID] = set()
        self.told: dict[tuple[UUID, str, str], bytes] = {}
        """The events that are sent, or will be, by session, role and name."""
        self.workers = {name: self._workers(name) for name in self.services}
        self.down: Counter[str] = Counter()
        """What cannot be reached now ("database", a service's connection to it, or its worker), and by how many faults
        at once."""
        self.deploy = Deploy(self)
        self.hostile = Hostile(self, lied_to) if hostile_in(self, lied_to, hostile) else None
        self._hosted_by = {} if self.deploy.planned else {name: self._hosted(name) for name in self.services}
        self.replicas: list[Replica] = []
        self._buried: list[Replica] = []
        """Crashed replicas are kept, so that the garbage collector does not close their coroutines."""

    def _bound(self, choreography: Choreography) -> dict[str, str]:
        return {role: self.chance.choice(self.services) for role in choreography.roles}

    def _places(self) -> dict[str, int]:
        """The database of each service. Most seeds have one for all."""
        if self.peers.random() < 0.6:
            return dict.fromkeys(self.services, 0)
        places = {name: self.peers.randrange(2) for name in self.services}
        return {**places, self.services[-1]: 2}

    def elsewhere(self, service: str) -> list[str]:
        """The services that are in another database than this one."""
        return [name for name in self.services if self.place[name] != self.place[service]]

    def _workers(self, service: str) -> Workers:
        chance = random.Random(f"{self.seed}/workers/{service}")
        kind = PlainWorkers if service in self.plain else Workers
        return kind(self.ledger, self.subject_at, lambda what: self.faults.strike(FaultKind.DECLINES, what), chance)

    def _hosted(self, service: str) -> Hosted:
        hosted = Hosted(service, lambda name, classes: self.bindings[name], Here())
        if not self.deploy.planned:
            for subject in self.subjects:
                hosted.add(subject.choreography)
            return hosted
        for version in self.deploy.of(service):
            hosted.add(version.choreography)
            hosted.keep(*version)
        return hosted

    def hosted(self, service: str) -> Hosted:
        """The choreographies that a sidecar of the service is started with."""
        return self._hosted_by.get(service) or self._hosted(service)

    # -- what everybody uses -----------------------------------------------------------------------

    def log(self, text: str) -> None:
        """Add a line to the trace. Runs of one seed have the same lines."""
        line = f"{self.loop.time():10.4f} {text}"
        self._digest.update(line.encode())
        if self._keep:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def mark(self, name: str) -> None:
        self.marks[name] += 1

    def struck(self, kind: FaultKind, about: str) -> None:
        """Count a fault. A fault of a commit counts once for each thing that the commit writes."""
        self.log(f"! {kind} {about}")
        self.mark(kind.value)
        for word in about.split():
            self.mark(f"{kind.value} {word}")

    def clock(self) -> float:
        """The database's time, in seconds."""
        return EPOCH + self.loop.time()

    def delay_s(self) -> float:
        """A usual delay of the network, in seconds."""
        return self._delays.uniform(0.0002, 0.003)

    def unreachable(self, service: str) -> bool:
        return bool(self.down["database"] or self.down[f"database of {service}"])

    def free(self, service: str) -> None:
        """Let every lease of a service run out."""
        for shard in self.database.services[service].shards.values():
            shard.owner = None

    def subject_at(self, session: UUID, role: str) -> Subject:
        """The subject of a session at a role. A hostile service may begin a session that no client has started."""
        found = None if self.hostile is None else self.hostile.believed.runs_as.get((session, role))
        return found or self.subjects_of[session]

    def subject_in(self, message: Message) -> Subject:
        """The subject of a message's session. A role may answer for a session that it never began."""
        found = None if self.hostile is None else self.hostile.believed.subject_in(message.header)
        return found or self.subject_at(message.session, message.sender or message.receiver)

    def lied_of(self, session: UUID) -> bool:
        """Whether a hostile service has to do with a session."""
        return self.hostile is not None and self.hostile.plays(session)

    def is_hostile(self, service: str) -> bool:
        return self.hostile is not None and self.hostile.service == service

    def delivered(self, speaker: str, receiver: str, message: Message, answer: Delivery) -> None:
        """Called with the answer to a message that a sidecar has sent."""
        if (hostile := self.hostile) is None:
            return
        hostile.believed.answered(message, speaker, receiver, answer)
        if hostile.service in (speaker, receiver):
            hostile.touched.add(message.session)
        if hostile.service == receiver and answer is Delivery.STORED:
            hostile.heard()

    def notify(self, services: NewMessages) -> None:
        """Wake the services' sidecars as NOTIFY does. The wake-up may be lost."""
        for service, whose in services.items():
            self.say(service, Heard(messages=whose))

    def say(self, service: str, heard: Heard) -> None:
        """Tell a service's sidecars what a notification says. That may be lost."""
        for replica in self.replicas:
            if replica.service != service or not replica.process.alive:
                continue
            if self.faults.strike(FaultKind.NOTIFY_LOST):
                continue
            late = self.faults.strike(FaultKind.NOTIFY_LATE)
            seconds = self.faults.between(FaultKind.NOTIFY_LATE, 0.01, 2.0) if late else self.delay_s()
            self.loop.later(seconds, replica.hear, heard)

    # -- replicas ----------------------------------------------------------------------------------

    def add(self, service: str, number: int, incarnation: int = 0) -> Replica:
        replica = Replica(self, service, number, incarnation)
        self._buried += [one for one in self.replicas if (one.service, one.number) == (service, number)]
        self.replicas = [one for one in self.replicas if one not in self._buried]
        self.replicas.append(replica)
        replica.start()
        self.log(f"{replica.process.name} starts")
        return replica

    def crash(self, process: Process) -> None:
        """Kill a process at this instruction. Another one takes its place after a while."""
        if not process.alive:
            return
        process.kill()
        self.log(f"{process.name} dies")
        replica = next(one for one in self.replicas if one.process is process)
        self.loop.later(self.faults.between(FaultKind.CRASH, 0.01, 9.0), self.restart, replica)

    def restart(self, replica: Replica) -> None:
        silent = self.hostile is not None and self.hostile.silent and self.is_hostile(replica.service)
        if replica in self.replicas and not silent:  # not replaced yet
            self.add(replica.service, replica.number, replica.incarnation + 1)


class HurtDatabase(MemoryDatabase):
    """The database in memory, with faults of its deliveries."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.services, clock=cluster.clock)
        self._cluster = cluster

    def hand_over(self, letters: Sequence[Letter], sender_service: str) -> list[Delivery]:
        refused: dict[int, Delivery] = {}
        for number, letter in enumerate(letters):
            self._noted(letter, sender_service)
            if letter.schema not in self.services:
                continue  # it goes to another database
            if (*letter.message.key, sender_service) in self.services[letter.service].inbox:
                continue  # the inbox has it already, which is always answered
            if self._cluster.faults.strike(FaultKind.DELIVER_FULL, letter.message.kind.value):
                refused[number] = Delivery.FULL
            elif self._cluster.faults.strike(FaultKind.DELIVER_UNKNOWN, letter.message.kind.value):
                refused[number] = Delivery.UNKNOWN
        kept = [letter for number, letter in enumerate(letters) if number not in refused]
        answers = iter(super().hand_over(kept, sender_service))
        answered = [refused.get(number) or next(answers) for number in range(len(letters))]
        for letter, answer in zip(letters, answered, strict=True):
            self._cluster.mark(f"{'delivered' if letter.schema in self.services else 'to relay'} {answer.value}")
            message = letter.message
            words = f"{message.kind.value} {message.site} {message.sender} -> {message.receiver} {answer.value}"
            self._cluster.log(f"  {message.session.hex[:6]} {words} {hashlib.md5(message.payload).hexdigest()[:6]}")
            self._cluster.delivered(sender_service, letter.service, message, answer)
        return answered

    def _noted(self, letter: Letter, speaker: str) -> None:
        message = letter.message
        if message.kind is MessageKind.START and message.session not in self._cluster.subjects_of:
            name = message.header.choreography
            subject = next(one for one in self._cluster.subjects if one.choreography.name == name)
            self._cluster.subjects_of[message.session] = subject
            self._cluster.arguments_of[message.session] = message.payload
        self._cluster.judge.handed_over(message, speaker)


class Replica:
    """One sidecar, from its start to its crash or end. It connects the parts as production's process does."""

    def __init__(self, cluster: Cluster, service: str, number: int, incarnation: int) -> None:
        self.cluster, self.service, self.number, self.incarnation = cluster, service, number, incarnation
        self.process = Process(cluster.loop, f"{service}/{number}.{incarnation}")
        self._chance = random.Random(f"{cluster.seed}/{self.process.name}")
        skewed = self._chance.random() < 0.3
        self._skew_s = self._chance.uniform(-_skew_s, _skew_s) if skewed else 0.0

    def clock(self) -> float:
        return self.cluster.clock() + self._skew_s

    def leave_soon(self) -> None:
        """Leave, if it runs. The sidecar that takes its place starts with the files that are deployed then."""
        if self.process.alive and not self.api.leaving:
            self.process.spawn(self.leave())

    def new_id(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)

    def start(self) -> None:
        self.process.run(self._open)

    def _open(self) -> None:
        cluster, chance, loop = self.cluster, self._chance.random, self.cluster.loop
        tracing = Tracing(Telemetry(), {})
        away = cluster.elsewhere(self.service)
        self.memory = MemoryLog(
            cluster.database,
            self.service,
            away=away,
            delivered=self._delivered,
            hand=self._hand,
            ended=self._ended,
        )
        self.log = HurtLog(self.memory, self.process, self.service, cluster)
        self.flusher = Flusher(self.log, jitter=chance, clock=loop.time)
        line = PlainLine(self) if self.service in cluster.plain else WorkerLine(self)
        classes = {
            projection.role_class: line
            for subject in cluster.subjects
            for role, projection in subject.choreography.projections.items()
            if cluster.bindings[subject.choreography.name][role] == self.service
        }
        self.calls = Calls(classes, tracing, chance=chance, clock=self.clock, new_id=self.new_id, monotonic=loop.time)
        self.waiters = Waiters()
        hosted = cluster.hosted(self.service)
        given = (self.service, hosted, self.log, self.flusher, self.calls, tracing, self.waiters.ended)
        self.driver = Driver(*given, clock=self.clock, early=cluster.links.release_of(self))
        collection = Collector(self.log, self.calls, collect_after_ms=collect_after_ms, tombstone_ms=tombstone_ms)
        background = Background(away=(LogUnavailable,), jitter=chance, clock=loop.time)
        versions = None
        if cluster.deploy.planned:
            versions = Versions(hosted, self.log, tombstone_ms=tombstone_ms, clock=loop.time)
        couriers = {peer: PeerLine(self, peer) for peer in away}
        if cluster.hostile is not None:
            self._show(cluster.hostile)
        self.handed = HandedOver(self.log, self.driver, self._wake, self._wake_later, self._wake_others)
        self.relay = Relay(self.log, couriers, self.driver.clashed, background)
        self.intake = Intake(
            self.process.name,
            self.log,
            self.driver,
            collection,
            versions,
            clock=loop.time,
            background=background,
            relayed=self.relay.wake,
            handled=self.handed.handled,
            queued=lambda: self.handed.queued,
        )
        self._serve(hosted, tracing)
        self.begun = versions is None
        self.beginning = None if versions is None else asyncio.create_task(self._register(versions))
        if versions is None:
            self.relay.start()
            self.intake.start()
        self.looking = asyncio.create_task(self.calls.look())

    def _serve(self, hosted: Hosted, tracing: Tracing) -> None:
        """Make the API."""
        self.volatile = VolatileSessions(
            self.service, self.service, hosted, self.calls, tracing, self.driver.holding.holds, self.waiters.ended
        )
        self.api = Api(
            self.service,
            hosted,
            self.log,
            self.flusher,
            self.driver,
            tracing,
            self.waiters,
            self.volatile,
            clock=self.clock,
            monotonic=self.cluster.loop.time,
            new_id=self.new_id,
        )
        operators = Operators(
            self.service, hosted, self.log, self.api.deliver, self.api.hosted_here, new_id=self.new_id
        )
        events = EventsAndTimers(self.service, hosted, self.log, self.api, self.driver.timer_set, self.clock)
        self.methods = self.api.methods() | operators.methods() | events.methods()

    def _show(self, hostile: Hostile) -> None:
        """Show the judge each burst before it is carried out."""
        carry = self.driver.carry

        def shown(session: Session, burst: Burst) -> None:
            hostile.believed.carried(self, session, burst)
            carry(session, burst)

        self.driver.carry = shown  # type: ignore[method-assign]

    async def _register(self, versions: Versions) -> None:
        """Register the deployed versions in the log; nothing begins before. Production's sidecar ends if its log is
        away, and is started again; here it tries again."""
        while not self.begun:
            try:
                await versions.register()
            except LogUnavailable:
                await asyncio.sleep(0.5)
                continue
            self.begun = True
        if not self.api.leaving:
            self.relay.start()
            self.intake.start()

    def _delivered(self, services: NewMessages) -> None:
        """Called when messages are in the inboxes of these services, or in our outbox for them."""
        away = set(self.cluster.elsewhere(self.service)) & set(services)
        self.cluster.notify({service: services[service] for service in sorted(set(services) - away)})
        for peer in sorted(away):
            self.cluster.loop.later(self.cluster.delay_s(), self.process.soon, self.relay.wake, [peer])

    def _hand(self, stored: Stored) -> Stored:
        return self.cluster.links.hand(self.service, stored)

    def heard(self, speaker: str, messages: Sequence[Message], early: bool = False) -> None:
        """Take messages that a peer has handed over."""
        if not self.api.leaving:
            self.handed.take(speaker, messages, early)

    def _wake(self) -> None:
        self.intake.wake()

    def _wake_later(self) -> None:
        self.intake.wake_later()

    def _wake_others(self) -> None:
        self.cluster.notify({self.service: None})

    def _ended(self, last_bytes: LastBytes) -> None:
        if not self.driver.holding.holds_all:
            self.cluster.say(self.service, Heard(ended=last_bytes))

    def hear(self, heard: Heard) -> None:
        self.process.soon(hear, heard, self.driver.holding, self.intake, self.waiters)

    async def leave(self) -> None:
        """Stop, in the order in which production's sidecar does."""
        self.api.leaving = True
        await self.intake.stop()
        await self.handed.stop()
        await self.relay.stop()
        await self.driver.drain(4.0)
        await self.intake.release()
        await self.flusher.close()
        await self.log.close()
        self.cluster.mark("left")
        self.process.kill()
        self.cluster.log(f"{self.process.name} has left")
        self.cluster.loop.later(self.cluster.faults.between(FaultKind.LEAVE, 0.1, 5.0), self.cluster.restart, self)

    def held(self) -> dict[str, int]:
        """How many items it holds in memory for sessions, by name."""
        driver, left = self.driver, self.cluster.judge.left_of
        by_session: dict[str, Iterable[Any]] = {
            "sessions": driver.holding.residences.live,
            "loads": driver.holding.residences.keys(Residence.LOADING),
            "commits": driver._output._committing,
            "evicted": driver.holding.residences.keys(Residence.EVICTED),
        }
        held = {name: len(left(self.service, keys)) for name, keys in by_session.items()}
        held["unhosted"] = len(left(self.service, driver.unhosted, waits=True))
        if self.cluster.hostile is not None:  # sessions that it keeps open are still under way
            return held
        return held | {
            "rows to write": len(driver._output._deferred),
            "tasks": len(driver._tasks),
            "waiting clients": self.waiters.count,
            "calls in flight": self.calls.in_flight,
            "group commits": len(self.flusher._queue),
        }
