"""The sidecar process: assembles runtime, log, rpc and telemetry, runs them, and stops cleanly.

Start: compile and load the choreographies, open the log (which must be migrated), register the projections, acquire
shards and sweep them, then listen. Stop, on SIGTERM or SIGINT: refuse new starts, take no more messages, let work under
way finish within `sidecar_drain_s`, release the shards, close. A second signal ends the process at once; nothing is
lost by that.

    GET /health   200 while the process lives: {"service", "sessions", ..., "failing": {task: problem}, "damaged"}
    GET /ready    200 when leases are fresh, commits go through, the first sweep is done, no task that sessions need
                  fails and there is room for new sessions, else 503

Not promised: that a ready sidecar can reach its workers. Calls wait for a worker that is down.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

import orjson
import structlog
import uvloop

from accompanist import crashpoints, garbage, limits
from accompanist.background import Background
from accompanist.errors import OperatorError
from accompanist.log.group import Flusher
from accompanist.log.inbox import Stored, nothing_handed
from accompanist.log.listener import Listener
from accompanist.log.notifier import Notifier
from accompanist.log.postgres import PostgresLog
from accompanist.log.wakeups import Heard, LastBytes, NewMessages
from accompanist.rpc import peers, tokens, volatile_peers
from accompanist.rpc.access import Access
from accompanist.rpc.client import WorkerClient, connect
from accompanist.rpc.server import Server, serve
from accompanist.runtime.ports import LogUnavailable
from accompanist.sidecar.api.events_and_timers import EventsAndTimers
from accompanist.sidecar.api.operators import Operators
from accompanist.sidecar.api.public import Api
from accompanist.sidecar.api.rights import METHODS
from accompanist.sidecar.api.waiters import Waiters
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.compiling.apart import Apart
from accompanist.sidecar.config import OFF, Config, Service
from accompanist.sidecar.hearing import hear
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.links.handed import HandedOver
from accompanist.sidecar.links.opening import open_links
from accompanist.sidecar.links.sending import Links
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.loops.missed_wakeups import MissedWakeUps
from accompanist.sidecar.loops.peer_quota import PeerQuotas
from accompanist.sidecar.loops.relay import Receiver, Relay
from accompanist.sidecar.peering import peering, peers_access
from accompanist.sidecar.publishing import awaited, startable
from accompanist.sidecar.refused_connections import RefusedConnections
from accompanist.sidecar.sealing import version_key
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.sessions.early import EarlyRelease
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.versions import Versions
from accompanist.sidecar.volatile.far_ways import FarWays, receiver
from accompanist.sidecar.volatile.link_ways import LinkWays
from accompanist.sidecar.volatile.sessions import VolatileSessions
from accompanist.sidecar.volatile.ways import JoinedWays
from accompanist.telemetry import logs
from accompanist.telemetry.export import open_telemetry

logger = structlog.get_logger("accompanist.sidecar")


def run(config: Config, service: str) -> int:
    """Run a service's sidecar until it is told to stop. Raises AccompanistError if it cannot start."""
    logs.set_up(service, os.environ)
    crashpoints.arm(service)
    return uvloop.run(_main(config, service))


async def _main(config: Config, name: str) -> int:
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _asked_to_leave, leave)
    lost: list[OperatorError] = []

    def end(problem: OperatorError) -> None:
        lost.append(problem)
        leave.set()

    try:
        sidecar = await Sidecar.start(config, name, end)
    except LogUnavailable:
        if lost:  # which is why
            raise lost[0] from None
        raise
    garbage.started()
    logger.info("sidecar.started", service=name, url=sidecar.url)
    try:
        await leave.wait()
        if lost:  # end at once: the log has lost commits that this sidecar relies on, so it must not finish anything
            logger.error("sidecar.lost", code=lost[0].code, text=lost[0].text)
            sidecar.end()
            raise lost[0]
    finally:
        if not lost:
            await sidecar.stop()
    if lost:  # while it left
        raise lost[0]
    logger.info("sidecar.stopped", service=name)
    return 0


def _asked_to_leave(leave: asyncio.Event) -> None:
    if leave.is_set():
        os._exit(1)
    leave.set()


class Sidecar:
    """All parts of one sidecar, and the order in which they start and stop."""

    def __init__(self, config: Config, service: Service, lost: Callable[[OperatorError], None]) -> None:
        self._lost = lost
        self._config = config
        self._service = service
        self._hosted = Hosted(service.name, config.bind, Apart())
        self._telemetry = open_telemetry(service.name, os.environ)
        self._clients: dict[str, WorkerClient] = worker_clients(service)
        self._tracing = Tracing(self._telemetry, service.workers)
        self._calls = Calls(self._clients, self._tracing, service.retry, call_limits=service.limit)
        self._waiters = Waiters()
        self._missed = MissedWakeUps(self._tracing.wakeups_missed)
        self._refused = RefusedConnections(self._tracing.connection_refused)
        self._background = Background(away=(LogUnavailable,), failed=self._tracing.task_failed)
        self._links: Links | None = None
        self._acquired = asyncio.Event()
        self._leave = AsyncExitStack()
        self._owner = f"{service.name}@{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"

    @classmethod
    async def start(cls, config: Config, name: str, lost: Callable[[OperatorError], None]) -> Sidecar:
        """Start a sidecar: it has acquired its shards and listens. `lost` is called, once, if its log has lost commits:
        then the process has to end without finishing anything."""
        sidecar = cls(config, config.service(name), lost)
        sidecar._hosted.add_files([Path(file) for file in sidecar._service.choreographies], config.root)
        sidecar._hosted.check_everywhere({one.name: one.choreographies for one in config.services.values()})
        try:
            await sidecar._open_log()
            await sidecar._listen()
        except BaseException:
            await sidecar._leave.aclose()
            raise
        return sidecar

    @property
    def url(self) -> str:
        return self._server.url

    async def _open_log(self) -> None:
        """Start everything but the API. Each part registers its own stop at once, so that a failed start stops
        cleanly, too."""
        service, dsn = self._service, self._service.database
        schemas, couriers = peering(self._config, service)
        leave = self._leave
        leave.callback(self._telemetry.close)
        for client in (*self._clients.values(), *couriers.values()):
            leave.push_async_callback(client.close)
        self._log = await PostgresLog.open(
            dsn,
            service.name,
            schemas,
            away=couriers,
            delivered=self._tell,
            hand=self._hand,
            ended=self._tell_ends,
            pooler=service.pooler,
            state=Path(service.state_dir),
            lost=self._lost,
            refused=self._refused.note,
            key=version_key(Path(service.state_dir), service.version_key_file),
        )
        leave.push_async_callback(self._log.close)
        self._notifier = Notifier.over(self._log, schemas) if service.poll_only else Notifier.at(dsn, schemas)
        leave.push_async_callback(self._notifier.close)
        self._flusher = Flusher(self._log, flushed=self._tracing.flushed)
        leave.push_async_callback(self._flusher.close)
        versions = Versions(self._hosted, self._log, tombstone_ms=service.tombstone_s * 1000)
        await versions.register()
        self._quotas = PeerQuotas(self._log, len(self._config.peers_of(service.name)) - 1)
        early = EarlyRelease(self._hand_early, self._log.accept, self._quotas.crowded)
        self._driver = Driver(
            service.name,
            self._hosted,
            self._log,
            self._flusher,
            self._calls,
            self._tracing,
            self._waiters.ended,
            early=early if service.early_release and service.link != OFF else None,
        )
        self._volatile = VolatileSessions(
            service.name,
            uuid4().hex,
            self._hosted,
            self._calls,
            self._tracing,
            lambda session: self._driver.leases_fresh() and self._driver.holding.holds(session),
            self._waiters.ended,
        )
        await self._start_loops(versions, schemas, couriers)
        # last: applications start in SQL what a sidecar that has come up hosts
        published = self._log.published()
        await published.starts(startable(self._hosted))
        await published.events(awaited(self._hosted))

    async def _start_loops(
        self, versions: Versions, schemas: Collection[str], couriers: Mapping[str, WorkerClient]
    ) -> None:
        """Start what keeps the sessions going."""
        service, leave = self._service, self._leave
        collection = Collector(
            self._log,
            self._calls,
            collect_after_ms=service.collect_after_s * 1000,
            payload_after_ms=None if service.payload_after_s is None else service.payload_after_s * 1000,
            tombstone_ms=service.tombstone_s * 1000,
        )
        self._handed = HandedOver(self._log, self._driver, self._wake, self._wake_later, self._wake_others)
        self._relay = Relay(self._log, couriers, self._driver.clashed, self._background)
        self._intake = Intake(
            self._owner,
            self._log,
            self._driver,
            collection,
            versions,
            self._quotas,
            background=self._background,
            stands_for_s=self._flusher.stands_for_s,
            relayed=self._relay.wake,
            handled=self._handed.handled,
            queued=lambda: self._handed.queued,
            acquired=self._acquired.set,
        )
        self._listener = None if service.poll_only else Listener.at(service.database, service.schema, self._hear)
        if self._listener is not None:
            leave.push_async_callback(_cancelled, self._background.keep("listener", self._listener.run))
        leave.push_async_callback(self._intake.release)
        leave.push_async_callback(self._driver.drain, limits.sidecar_drain_s)
        leave.push_async_callback(self._handed.stop)
        pause = partial(asyncio.sleep, limits.measure_s)
        leave.push_async_callback(_cancelled, self._background.repeat("gauges", self._measure, pause))
        pause = partial(asyncio.sleep, limits.fence_look_ms / 1000)
        leave.push_async_callback(_cancelled, self._background.repeat("fences", self._calls.look, pause))
        if service.link != OFF:
            folder, directory = Path(service.link or service.state_dir), self._log.links()
            self._links = await open_links(
                service.name,
                self._owner,
                folder,
                schemas,
                directory,
                self._handed.take,
                self._acquired,
                self._background.repeat,
                leave,
                self._volatile,
                early=service.early_release,
            )
        self._find_ways(couriers)
        self._relay.start()
        leave.push_async_callback(self._relay.stop)
        self._intake.start()
        leave.push_async_callback(self._intake.stop)

    def _find_ways(self, couriers: Mapping[str, WorkerClient]) -> None:
        """Let volatile sessions reach the peers: over links, or at their addresses."""
        far = FarWays(couriers, self._volatile)
        near = None if self._links is None else LinkWays(self._links, self._volatile)
        self._volatile.attach(JoinedWays(near, dict.fromkeys(couriers, far)))
        self._leave.callback(far.close)
        self._leave.push_async_callback(self._volatile.drain, limits.sidecar_drain_s)

    async def _measure(self) -> None:
        """Update the gauges."""
        self._tracing.standing(*self._driver.holding.standing())
        self._tracing.background(len(self._background.failing), len(self._driver.damage))
        self._tracing.calls_waiting(self._calls.limits.waiting)
        now = time.monotonic()
        messages, ends = self._intake.late_messages.overdue(now), self._waiters.overdue(now)
        if self._listener is not None:  # else polls find all
            self._missed.note(messages, ends, now)

    async def _listen(self) -> None:
        service = self._service
        self._api = Api(
            service.name,
            self._hosted,
            self._log,
            self._flusher,
            self._driver,
            self._tracing,
            self._waiters,
            self._volatile,
        )
        events = EventsAndTimers(service.name, self._hosted, self._log, self._api, self._driver.timer_set)
        operators = Operators(service.name, self._hosted, self._log, self._api.deliver, self._api.hosted_here)
        methods = self._api.methods() | events.methods() | operators.methods()
        pages = {"/health": self._health, "/ready": self._ready}
        access = api_access(service)
        self._server: Server = await serve(
            methods, service.api, allow_remote=bool(service.token_file), pages=pages, access=access
        )
        self._leave.push_async_callback(self._server.stop, limits.answers_ms)
        if service.listen:
            receivers = {
                peers.DELIVER: Receiver(self._log).deliver,
                volatile_peers.VOLATILE_METHOD: receiver(self._volatile),
            }
            listening = await serve(receivers, service.listen, allow_remote=True, access=peers_access(service))
            self._leave.push_async_callback(listening.stop, limits.answers_ms)

    async def stop(self) -> None:
        """Stop cleanly, in reverse order. Work that does not finish in time is continued by the next owner of the
        shards."""
        self._api.leaving = True
        await self._leave.aclose()

    def end(self) -> None:
        """The process is about to end: tasks that end from now on are not reported as failures."""
        self._driver.end()

    def _hand(self, stored: Stored) -> Stored:
        """Hand messages over that are in their receivers' inboxes. Returns those that could not be."""
        return nothing_handed(stored) if self._links is None else self._links.hand(stored)

    def _hand_early(self, messages: Stored) -> None:
        """Hand messages over that are about to be committed."""
        if self._links is not None:
            self._links.hand_early(messages)

    def _wake(self) -> None:
        self._intake.wake()

    def _wake_others(self) -> None:
        self._notifier.notify({self._service.name: None})

    def _wake_later(self) -> None:
        self._intake.wake_later()

    def _tell(self, services: NewMessages) -> None:
        """Wake those who wait for messages of these services: there are new ones in inboxes or in our outbox."""
        if self._service.name in services:
            self._hear(Heard(messages=services[self._service.name]))
        self._relay.wake(services)
        self._notifier.notify(services)

    def _tell_ends(self, last_bytes: LastBytes) -> None:
        """Wake the clients that wait at other sidecars of this service, if there may be any."""
        if not self._driver.holding.holds_all:
            self._notifier.say_ended(self._service.name, last_bytes)

    def _hear(self, heard: Heard) -> None:
        """Wake whoever a notification is for."""
        hear(heard, self._driver.holding, self._intake, self._waiters)

    async def _health(self) -> tuple[int, bytes]:
        return 200, orjson.dumps(
            {
                "service": self._service.name,
                "ready": self._intake.ready,
                "sessions": self._driver.holding.open_sessions,
                "calls": self._calls.in_flight,
                "calls_waiting": self._calls.limits.waiting,
                "choreographies": {name: c.fingerprint for name, c in self._hosted.choreographies.items()},
                "unhosted": len(self._driver.unhosted),
                "damaged": len(self._driver.damage),
                "links": 0 if self._links is None else self._links.open,
                "listening": self._listener is not None and self._listener.listening,
                "notifying": self._notifier.notifying,
                "wakeups_missed": self._missed.lately(time.monotonic()),
                "connections_refused": self._refused.lately,
                "failing": self._background.failing,
                "commits_stand_for_s": round(self._flusher.stands_for_s(), 1),
            }
        )

    async def _ready(self) -> tuple[int, bytes]:
        full = self._quotas.full
        ready = self._intake.ready and not self._api.leaving
        told = {"service": self._service.name, "ready": ready} | ({"full": True} if full else {})
        return 200 if ready else 503, orjson.dumps(told)


def api_access(service: Service) -> Access | None:
    """The tokens and rights of the API; None for a unix socket, which only its owner may use. Raises OperatorError."""
    known = service.tokens()
    return Access(known, METHODS) if known else None


def worker_clients(service: Service) -> dict[str, WorkerClient]:
    """A client for each worker, with its token if there is one. Raises OperatorError."""
    borne = {role: tokens.bearer(Path(file)) for role, file in service.worker_tokens.items()}
    return {role: connect(url, token=borne.get(role, "")) for role, url in service.workers.items()}


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
