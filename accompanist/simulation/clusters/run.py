"""One run of a simulated cluster: inject faults, heal and require progress, then check that nothing is left.

    hurt     clients start sagas, and the faults that the seed has chosen are injected
    heal     faults stop, except that workers decline. What was down is up, stopped processes go on, and an operator
             resumes parked sessions. Within `progress_s` every saga has to be over, or wait for an event that nobody
             sends. Then these events are sent, and within `progress_s` those sagas have to be over, too
    collect  within `collected_s` nothing of any saga may be left, in memory or in the log

`progress_s` is the sum of the waits that may be under way when the faults stop: a lease that runs out, the sweep after
it, one call's timeout, its longest back-off, the longest wait in the outbox, the operator's round. Each stage of a saga
may wait for one of them, and they run concurrently.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from accompanist import limits
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.sessions.freshness import shard_of
from accompanist.sidecar.sessions.residence import Residence
from accompanist.simulation.clusters.clients import SimulatedClient, operator
from accompanist.simulation.clusters.cluster import Cluster, Replica, collect_after_ms, tombstone_ms
from accompanist.simulation.clusters.faults import FaultInjector, FaultKind
from accompanist.simulation.clusters.loop import Stuck, current
from accompanist.simulation.clusters.outside import Environment
from accompanist.simulation.clusters.subject import Subject

hurt_s = 18.0
progress_s = 90.0
plain_s = limits.unended_wait_ms / 1000 + (limits.lease_ms + limits.call_timeout_ms) / 1000
"""Added to `progress_s` if a worker has no fence, because calls that may be under way there are waited for."""
collected_s = (collect_after_ms + 2 * tombstone_ms) / 1000
_sessions_max = 14
_subjects_max = 4
_steps_max = 1_500_000


@dataclass(frozen=True, slots=True)
class Setting:
    """The parameters of a run, beside its subjects: the same setting gives the same run. The next three make it
    smaller."""

    seed: int
    without: frozenset[FaultKind] = frozenset()
    faults_max: int | None = None
    sessions_max: int | None = None
    plain: bool | None = None
    """Whether workers have no fence: True: all, False: none, None: the seed chooses."""
    hostile: bool | None = None
    """Whether one of the services is hostile; None: the seed chooses."""
    early: bool | None = None
    """Whether sidecars have links and release messages early; None: the seed chooses."""

    def command(self, files: Sequence[str]) -> str:
        parts = ["accompanist simulate", *files, f"--seed {self.seed}"]
        if self.without:
            parts.append(f"--without {','.join(sorted(self.without))}")
        if self.faults_max is not None:
            parts.append(f"--faults-max {self.faults_max}")
        if self.sessions_max is not None:
            parts.append(f"--sessions-max {self.sessions_max}")
        if self.plain is not None:
            parts.append(f"--plain {'all' if self.plain else 'none'}")
        if self.hostile is not None:
            parts.append("--hostile" if self.hostile else "--honest")
        if self.early is not None:
            parts.append(f"--early {'all' if self.early else 'none'}")
        return " ".join(parts)

    def smaller(self, **changes: Any) -> Setting:
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of a run. `broken`: the findings, one sentence each."""

    setting: Setting
    broken: tuple[str, ...]
    digest: str
    sessions: int
    outcomes: Counter[str]
    faults: Counter[str]
    marks: Counter[str]
    seconds: float
    virtual_s: float
    lines: tuple[str, ...] = ()
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many sagas ended, by choreography and by the outcome at its initiator."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many sagas were undone, by choreography and reason."""


def run(setting: Setting, subjects: Sequence[Subject], *, keep: bool = False) -> Ran:
    """Run one setting to its end. `keep`: keep the lines of its trace."""
    began = time.perf_counter()
    world: list[Cluster] = []
    faults = FaultInjector(
        setting.seed, lambda kind, about: world[0].struck(kind, about), setting.without, setting.faults_max
    )
    chance = random.Random(f"{setting.seed}/setting")
    chosen = chance.sample(list(subjects), min(len(subjects), chance.randint(1, _subjects_max)))
    cluster = Cluster(setting.seed, faults, chosen, keep, setting.plain, setting.hostile, setting.early)
    world.append(cluster)
    crowded = chance.random() < 0.3
    with _heard(cluster), _few(sessions_in_memory_max=3 if crowded else limits.sessions_in_memory_max):
        scenario = _Scenario(cluster, setting, chance)
        loop = cluster.loop
        asyncio.set_event_loop(None)
        try:
            loop.run_until_complete(scenario.run())
        except Stuck as problem:
            cluster.judge.wrong(str(problem))
        finally:
            loop.end()
    for failure in loop.failures:
        cluster.judge.wrong(f"not caught: {failure}")
    cluster.marks.update(_reached(cluster))
    return Ran(
        setting,
        tuple(cluster.judge.broken),
        cluster.digest,
        len(cluster.subjects_of),
        Counter(cluster.judge.outcomes.values()),
        Counter({kind.value: count for kind, count in faults.counts.items()}),
        cluster.marks,
        time.perf_counter() - began,
        loop.time(),
        tuple(cluster.lines),
        *_ends(cluster),
    )


def _ends(cluster: Cluster) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """The outcomes and reasons of sagas, leaving out those that a hostile service has to do with."""
    ends, reasons = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for session, subject in cluster.subjects_of.items():
        place, name = (session, subject.initiator), subject.choreography.name
        if place not in cluster.judge.outcomes or cluster.lied_of(session):
            continue
        ends[name, cluster.judge.outcomes[place]] += 1
        if place in cluster.judge.reasons:
            reasons[name, cluster.judge.reasons[place]] += 1
    return ends, reasons


def _reached(cluster: Cluster) -> Counter[str]:
    """The marks that follow from what the judge and the ledger recorded."""
    reached = Counter(cluster.judge.outcomes.values())
    for entries in cluster.ledger.entries.values():
        reached["compensated"] += sum(entry.kind is ResultKind.COMPENSATE for entry in entries)
    reached["query differed"] = sum(len(set(replies)) > 1 for replies in cluster.ledger.replies.values())
    return reached


class _Scenario:
    """The three phases of a run."""

    def __init__(self, cluster: Cluster, setting: Setting, chance: random.Random) -> None:
        self._cluster = cluster
        self._setting = setting
        self._chance = chance
        self._paused: list[Replica] = []
        self._progress_s = progress_s + (plain_s if cluster.plain else 0.0)

    async def run(self) -> None:
        cluster, judge = self._cluster, self._cluster.judge
        for service in cluster.services:
            for number in range(self._chance.choice((1, 2, 2, 3))):
                cluster.add(service, number)
        trouble = [cluster.loop.create_task(self._trouble(kind)) for kind in _TROUBLE if kind in cluster.faults.rates]
        clients = {client: cluster.loop.create_task(client.run()) for client in self._clients()}
        watch = cluster.loop.create_task(self._watch())
        deploying = cluster.loop.create_task(cluster.deploy.run())
        lying = [cluster.loop.create_task(cluster.hostile.run())] if cluster.hostile is not None else []
        outside = Environment(cluster)
        telling = cluster.loop.create_task(outside.run())
        await self._until(hurt_s, lambda: bool(judge.broken))
        for task in trouble:
            task.cancel()
        self._heal()
        person = cluster.loop.create_task(operator(cluster))
        outside.hurries = True
        progress_s = self._progress_s
        await self._until(progress_s, lambda: bool(judge.broken) or self._over_but_waiting())
        if not judge.broken and judge.waiting():
            cluster.mark("waits for what nobody sends")
            outside.tell_all()
        await self._until(progress_s, lambda: bool(judge.broken) or self._over(clients))
        if cluster.hostile is not None:
            cluster.hostile.stop()
            await self._until(progress_s, lambda: bool(judge.broken) or not judge.unread())
        if not judge.broken:
            for left in judge.open_sessions():
                judge.wrong(f"not over {progress_s:.0f} s after healing: {left}")
            if not self._served(clients):
                judge.wrong(f"a client still waits {progress_s:.0f} s after healing")
        if not judge.broken:
            judge.end()
        if not judge.broken:
            await self._until(collected_s, lambda: not any(judge.left(cluster.replicas)))
            for left in judge.left(cluster.replicas):
                judge.wrong(f"not gone {collected_s:.0f} s after the end: {left}")
        for task in clients.values():
            if task.done() and not task.cancelled() and (problem := task.exception()) is not None:
                judge.wrong(f"a client failed: {problem!r}")
        outside.end()
        for task in (watch, person, telling, deploying, *lying):
            task.cancel()

    def _clients(self) -> list[SimulatedClient]:
        chance, cluster = self._chance, self._cluster
        count = chance.randint(1, _sessions_max)
        clients = []
        for number in range(count):
            subject, begins_s = chance.choice(cluster.subjects), chance.uniform(0.0, hurt_s * 0.8)
            clients.append(SimulatedClient(cluster, number, subject, begins_s))
        return clients[: self._setting.sessions_max]

    async def _until(self, seconds: float, enough: Any) -> None:
        until = self._cluster.loop.time() + seconds
        while self._cluster.loop.time() < until and not enough():
            if self._cluster.loop.steps > _steps_max:
                self._cluster.judge.wrong(f"more than {_steps_max} steps")
            await asyncio.sleep(0.25)

    def _over(self, clients: Mapping[SimulatedClient, asyncio.Task[None]]) -> bool:
        return self._served(clients) and not self._cluster.judge.open_sessions()

    def _served(self, clients: Mapping[SimulatedClient, asyncio.Task[None]]) -> bool:
        """Whether every client has its answer, except those whose saga a hostile service has to do with."""
        return all(task.done() or client.may_wait for client, task in clients.items())

    def _over_but_waiting(self) -> bool:
        """Whether every open session waits for an event that nobody sends."""
        waiting = self._cluster.judge.waiting()
        return all(UUID(left[:36]) in waiting for left in self._cluster.judge.open_sessions())

    def _heal(self) -> None:
        cluster = self._cluster
        cluster.log("-- healing")
        if cluster.hostile is not None:
            cluster.hostile.heal()
        cluster.faults.heal()
        cluster.down.clear()
        for replica in self._paused:
            replica.process.go_on()
        for replica in list(cluster.replicas):
            if not replica.process.alive:
                cluster.restart(replica)

    async def _watch(self) -> None:
        """Count marks while the run goes on."""
        while True:
            await asyncio.sleep(0.5)
            for replica in self._cluster.replicas:
                if replica.process.alive and replica.driver.holding.residences.keys(Residence.EVICTED):
                    self._cluster.mark("evicted")

    # -- faults of the whole cluster ---------------------------------------------------------------

    async def _trouble(self, kind: FaultKind) -> None:
        faults = self._cluster.faults
        while (pause_s := faults.pause_s(kind)) is not None:
            await asyncio.sleep(pause_s)
            if faults.due(kind):
                getattr(self, f"_on_{kind.name.lower()}")(kind)

    def _some(self, kind: FaultKind) -> Replica | None:
        up = [one for one in self._cluster.replicas if one.process.alive and not one.process.stopped]
        return up[self._cluster.faults.pick(kind, len(up))] if up else None

    def _on_crash(self, kind: FaultKind) -> None:
        if (replica := self._some(kind)) is not None:
            self._cluster.crash(replica.process)

    def _on_leave(self, kind: FaultKind) -> None:
        if (replica := self._some(kind)) is not None and not replica.api.leaving:
            replica.process.spawn(replica.leave())

    def _on_pause(self, kind: FaultKind) -> None:
        cluster = self._cluster
        if (replica := self._some(kind)) is not None:
            cluster.log(f"{replica.process.name} stands still")
            replica.process.stop()
            self._paused.append(replica)
            cluster.loop.later(cluster.faults.between(kind, 0.05, 12.0), self._go_on, replica)

    def _go_on(self, replica: Replica) -> None:
        if replica.process.stopped:
            self._cluster.log(f"{replica.process.name} goes on")
            replica.process.go_on()

    def _on_lease_lost(self, kind: FaultKind) -> None:
        """Some shards go to other sidecars, as after a lease that ran out."""
        cluster, faults = self._cluster, self._cluster.faults
        service = cluster.services[faults.pick(kind, len(cluster.services))]
        share = faults.between(kind, 0.05, 1.0)
        for shard in cluster.database.services[service].shards.values():
            if faults.chance(kind).random() < share:
                shard.owner = None

    def _on_database_down(self, kind: FaultKind) -> None:
        self._away("database", kind, 8.0)

    def _on_partition(self, kind: FaultKind) -> None:
        services = self._cluster.services
        self._away(f"database of {services[self._cluster.faults.pick(kind, len(services))]}", kind, 10.0)

    def _on_peer_down(self, kind: FaultKind) -> None:
        services = self._cluster.services
        self._away(f"peer {services[self._cluster.faults.pick(kind, len(services))]}", kind, 12.0)

    def _on_worker_down(self, kind: FaultKind) -> None:
        services = self._cluster.services
        self._away(f"worker of {services[self._cluster.faults.pick(kind, len(services))]}", kind, 12.0)

    def _away(self, what: str, kind: FaultKind, most_s: float) -> None:
        cluster = self._cluster
        cluster.down[what] += 1
        cluster.log(f"the {what} is away")
        cluster.loop.later(cluster.faults.between(kind, 0.1, most_s), self._back, what)

    def _back(self, what: str) -> None:
        if self._cluster.down[what]:
            self._cluster.down[what] -= 1
            self._cluster.log(f"the {what} is back")


_TROUBLE = (
    FaultKind.CRASH,
    FaultKind.LEAVE,
    FaultKind.PAUSE,
    FaultKind.LEASE_LOST,
    FaultKind.DATABASE_DOWN,
    FaultKind.PARTITION,
    FaultKind.WORKER_DOWN,
    FaultKind.PEER_DOWN,
)
_HARMLESS = frozenset(
    {"log.unavailable", "log.available", "call.again", "call.given_up", "leases.not_released", "message.unhostable"}
)


_HARMFUL = frozenset(
    {
        "driver.task_failed",
        "task.failed",
        "session.impossible",
        "session.damaged",
        "session.broken",
        "message.failed",
    }
)


@contextmanager
def _heard(cluster: Cluster) -> Iterator[None]:
    """Send the sidecars' log lines into the marks and the trace, and nowhere else."""

    def hear(logger: Any, method: str, event: Any) -> Any:
        name = event["event"]
        cluster.mark(f"said {name}")
        if name == "session.parked":
            cluster.mark("parked")
        if name == "shards.swept" and event.get("sessions"):
            cluster.mark("recovered")
        cluster.log(f"  said {name} {event.get('code', '')} {event.get('problem', '')}")
        if name in _HARMFUL and not (_of_a_liar(cluster, event) or _of_a_former_owner(cluster, event)):
            cluster.judge.wrong(f"{name}: {event.get('problem', '')} {_trace(event)}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear], wrapper_class=structlog.BoundLogger, cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _of_a_liar(cluster: Cluster, event: dict[str, Any]) -> bool:
    """Whether a log line comes from a hostile service's own sidecar, or is about an impossible event in a session that
    a hostile service has to do with."""
    speaker = current()
    if speaker is not None and cluster.is_hostile(speaker.name.partition("/")[0]):
        return True
    return event["event"] == "session.impossible" and cluster.lied_of(UUID(event["session"]))


def _of_a_former_owner(cluster: Cluster, event: dict[str, Any]) -> bool:
    """Whether an impossible event came to a sidecar whose shard another one holds. What that one has decided since may
    seem impossible to it, and reaches it over a link. It writes nothing of what it makes of that."""
    if event["event"] != "session.impossible":
        return False
    shard = shard_of(UUID(event["session"]))
    for replica in cluster.replicas:
        if replica.process is current():
            held = cluster.database.services[replica.service].shards.get(shard)
            return held is None or (held.owner, held.epoch) != (replica.log.owner, replica.log.epoch(shard))
    return False


def _trace(event: dict[str, Any]) -> str:
    import sys
    import traceback

    problem = event.get("exc_info")
    if problem is True:
        problem = sys.exc_info()[1]
    if not isinstance(problem, BaseException):
        return ""
    return "".join(traceback.format_exception(problem))[-1500:]


@contextmanager
def _few(**changed: int) -> Iterator[None]:
    """Set bounds so low that a run meets them."""
    before = {name: getattr(limits, name) for name in changed}
    for name, value in changed.items():
        setattr(limits, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(limits, name, value)
