"""The clients and operators of a simulated cluster, which only use the public API.

A client starts a saga under a key, and repeats the request until some replica of the service accepts it. Then it may
cancel, look, and wait for the end. The answers that it got are part of the history by which the run is judged.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import orjson

from accompanist.errors import AccompanistError
from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.subject import Subject

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster, Replica

_patience_s = 6.0
_remembers_s = 8.0
"""How long after the saga's end its client waits for a deploy before it repeats its key, in seconds: less than the log
keeps the key."""
ASK_AGAIN = frozenset({"ACC713", "ACC716", "ACC719", "ACC729"})
"""The API's error codes after which a client repeats its request."""


class Unheard(Exception):
    """There was no answer: no replica was there, or the answer was lost."""


class ClientRefused(Exception):
    """The API refused the request, with a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def ask(cluster: Cluster, service: str, chance: random.Random, method: str, **params: Any) -> dict[str, Any]:
    """Send one request to some replica of a service. Raises Unheard, ClientRefused."""
    there = [one for one in cluster.replicas if one.service == service and one.process.alive and one.begun]
    if not there:
        raise Unheard("nobody is there")
    replica = chance.choice(there)
    answer: asyncio.Future[tuple[str, Any]] = cluster.loop.create_future()
    cluster.loop.later(cluster.delay_s(), _serve, cluster, replica, method, params, answer)
    try:
        async with asyncio.timeout(_patience_s + params.get("wait_ms", 0) / 1000):
            said, value = await answer
    except TimeoutError:
        raise Unheard("no answer in time") from None
    if said == "error":
        raise ClientRefused(value)
    return dict(value)


def _serve(cluster: Cluster, replica: Replica, method: str, params: dict[str, Any], answer: Any) -> None:
    async def serve() -> None:
        given = {name: msgspec.Raw(orjson.dumps(value)) for name, value in params.items()}
        try:
            said: tuple[str, Any] = "value", orjson.loads(await replica.methods[method](given, None))
        except AccompanistError as problem:
            said = "error", problem.code
        cluster.log(f"{replica.process.name} answers {method}: {said[0]} {said[1] if said[0] == 'error' else ''}")
        if not cluster.faults.strike(FaultKind.ANSWER_LOST, method):
            cluster.loop.later(cluster.delay_s(), _heard, answer, said)

    if replica.process.alive:
        replica.process.spawn(serve())


def _heard(answer: asyncio.Future[tuple[str, Any]], said: tuple[str, Any]) -> None:
    if not answer.done():
        answer.set_result(said)


class SimulatedClient:
    """The client of one saga. `begins_s`: when it starts the saga, in seconds of the run."""

    def __init__(self, cluster: Cluster, number: int, subject: Subject, begins_s: float) -> None:
        self._cluster = cluster
        self._chance = random.Random(f"{cluster.seed}/client/{number}")
        self._key = f"order {number}"
        self._subject = subject
        self._service = cluster.bindings[subject.choreography.name][subject.initiator]
        self._begins_s = begins_s
        self._new = 0
        self._asks_a_liar = cluster.is_hostile(self._service)
        self._says_again = random.Random(f"{cluster.seed}/again/{number}").random() < 0.5
        self.session: UUID | None = None

    @property
    def may_wait(self) -> bool:
        """Whether it may be left without an answer, because it needs a hostile service for it."""
        return self._asks_a_liar or (self.session is not None and self._cluster.lied_of(self.session))

    async def run(self) -> None:
        chance = self._chance
        await asyncio.sleep(self._begins_s)
        await self._start()
        before = not self._deployed
        if chance.random() < 0.15:
            await self._start()  # the same request once more, which is the same saga
        if chance.random() < 0.25:
            await asyncio.sleep(chance.uniform(0.0, 4.0) ** 2 / 4)
            await self._once("session.cancel", session=str(self.session), reason=chance.choice(("tired", "no more")))
        if chance.random() < 0.2:
            await self._operate()
        await self._wait()
        if self._says_again and self._cluster.deploy.planned and before:
            await self._across_a_deploy()

    @property
    def _deployed(self) -> bool:
        """Whether its service has the new files."""
        return self._service in self._cluster.deploy.newest

    async def _across_a_deploy(self) -> None:
        """Repeat the request once its service has another version of the choreography. The answer must name the same
        saga, with the same end."""
        until = self._cluster.loop.time() + _remembers_s
        while not self._deployed and self._cluster.loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.25)
        if self._deployed:
            self._cluster.mark("key across a deploy")
            await self._start()
            await self._wait()

    async def _start(self) -> None:
        chance = random.Random(f"{self._key} {self._cluster.seed}")  # so a repeated request is the same request
        params: dict[str, Any] = {
            "choreography": self._subject.choreography.name,
            "arguments": orjson.Fragment(chance.choice(self._subject.starts)),
            "key": self._key,
        }
        if chance.random() < 0.3:
            params["deadline_ms"] = chance.choice((5, 50, 500, 5_000, 20_000))
        if chance.random() < 0.3:
            params["wait_ms"] = chance.choice((100, 3_000))
        view = await self._until_heard("session.start", **params)
        session = UUID(view["session"])
        self._new += bool(view["new"])
        if not self._asks_a_liar and (self._new > 1 or self.session not in (None, session)):
            self._cluster.judge.wrong(f"{session}: one key began two sagas")
        self.session = session
        if not self._asks_a_liar:
            self._cluster.judge.started(session)
        self._learn(view)

    async def _operate(self) -> None:
        """As an operator, park the saga at some role, and resume it."""
        chance, cluster = self._chance, self._cluster
        role = chance.choice(self._subject.choreography.roles)
        service = cluster.bindings[self._subject.choreography.name][role]
        about = {"session": str(self.session), "role": role, "who": "ann", "why": "to see"}
        if await self._once("session.operate", service, verb="park", **about):
            cluster.mark("operator parks")
            await asyncio.sleep(chance.uniform(0.0, 5.0))
            if await self._once("session.operate", service, verb=chance.choice(("resume", "retry")), **about):
                cluster.mark("operator resumes")

    async def _wait(self) -> None:
        while True:
            wait_ms = self._chance.choice((0, 2000))
            if self._learn(await self._until_heard("session.result", session=str(self.session), wait_ms=wait_ms)):
                return
            await asyncio.sleep(self._chance.uniform(0.2, 1.0))

    def _learn(self, view: dict[str, Any]) -> bool:
        outcome = view.get("outcome")
        if outcome is not None:
            assert self.session is not None
            if not self._asks_a_liar:
                self._cluster.judge.said(self.session, outcome)
        return outcome is not None or "state" not in view

    async def _once(self, method: str, service: str | None = None, **params: Any) -> bool:
        try:
            await ask(self._cluster, service or self._service, self._chance, method, **params)
        except (Unheard, ClientRefused):
            return False
        return True

    async def _until_heard(self, method: str, **params: Any) -> dict[str, Any]:
        while True:
            try:
                return await ask(self._cluster, self._service, self._chance, method, **params)
            except ClientRefused as problem:
                if problem.code == "ACC710":  # it is over and collected
                    return {}
                if problem.code not in ASK_AGAIN and not self._asks_a_liar:
                    self._cluster.judge.wrong(f"{self._key}: {method} was refused with {problem.code}")
                    return {}
            except Unheard:
                pass
            await asyncio.sleep(self._chance.uniform(0.05, 1.0))


async def operator(cluster: Cluster) -> None:
    """An operator who resumes every parked session, until the run ends."""
    chance = random.Random(f"{cluster.seed}/operator")
    while True:
        await asyncio.sleep(1.0)
        for service in cluster.services:
            parked = [(key, row) for key, row in cluster.database.services[service].sessions.items() if row.parked]
            for (session, role), row in parked:
                assert row.parked is not None
                cluster.mark(f"parked {row.parked.code}")
                about = {"session": str(session), "role": role, "who": "bob", "why": "mended"}
                try:
                    await ask(cluster, service, chance, "session.operate", verb="retry", **about)
                except (Unheard, ClientRefused) as problem:
                    cluster.log(f"the operator was not heard: {problem!r}")
