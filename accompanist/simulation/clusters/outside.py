"""The environment of a simulated cluster: it sends the events that programs wait for, and lets time pass.

Most events are sent, each at a time that the seed chooses: before the session asks for it, while the session waits, or
after a timer has fired. A wait for an event that is not sent ends by its timer, if it has one. Programs wait for long
times (an hour, a month), so now and then a timer is made due at once.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from accompanist.runtime.events import DEADLINE_SITE
from accompanist.simulation.clusters.clients import ASK_AGAIN, ClientRefused, Unheard, ask
from accompanist.simulation.clusters.subject import Subject

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster

_told_of_all = 0.8
_latest_s = 8.0
_long_s = 10.0
"""A timer that is due in more than this many seconds is not waited for."""


class Environment:
    """The environment of a cluster. Its tasks end with the run."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._chance = random.Random(f"{cluster.seed}/outside")
        self._known: set[UUID] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.hurries = False
        """Whether every timer is due at once."""

    async def run(self) -> None:
        """Send events to every session that begins."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))
            for session, subject in list(self._cluster.subjects_of.items()):
                if session not in self._known:
                    self._known.add(session)
                    self._promise(session, subject)
            self._pass_time()

    def tell_all(self) -> None:
        """Send every event that a session still waits for."""
        for session, subject in self._cluster.subjects_of.items():
            for role, name in subject.events:
                if (session, role, name) not in self._cluster.told:
                    self._tell(session, role, name, subject.made_up(role, name), 0.0)

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _promise(self, session: UUID, subject: Subject) -> None:
        for role, name in subject.events:
            value, after_s = subject.event(role, name, self._chance), self._chance.uniform(0.0, _latest_s)
            if value is not None and self._chance.random() < _told_of_all:
                self._tell(session, role, name, value, after_s)

    def _tell(self, session: UUID, role: str, name: str, value: bytes, after_s: float) -> None:
        self._cluster.told[session, role, name] = value
        work = self._until_heard(session, role, name, value, after_s)
        self._tasks.append(self._cluster.loop.create_task(work))

    async def _until_heard(self, session: UUID, role: str, name: str, value: bytes, after_s: float) -> None:
        cluster, chance = self._cluster, random.Random(f"{self._cluster.seed}/{session}/{role}/{name}")
        service = cluster.bindings[cluster.subjects_of[session].choreography.name][role]
        await asyncio.sleep(after_s)
        about = {"session": str(session), "role": role, "name": name, "value": orjson.Fragment(value)}
        while True:
            try:
                said = await ask(cluster, service, chance, "session.signal", **about)
                cluster.mark("event early" if said["early"] else "event told")
                return
            except Unheard:
                pass
            except ClientRefused as problem:
                if problem.code == "ACC717":  # it is over
                    return
                # ACC718: a deployment is under way, and this sidecar has not found the session's version yet
                if problem.code not in ASK_AGAIN | {"ACC718", "ACC743"}:
                    cluster.judge.wrong(f"{session}: {name} for {role} was refused with {problem.code}")
                    return
            await asyncio.sleep(chance.uniform(0.05, 1.0))

    def _pass_time(self) -> None:
        now = self._cluster.clock()
        for tables in self._cluster.database.services.values():
            for (_, _, site), timer in tables.timers.items():
                if (
                    site != DEADLINE_SITE
                    and timer.due_at > now + _long_s
                    and (self.hurries or self._chance.random() < 0.02)
                ):
                    timer.due_at = timer.ask_at = now
                    self._cluster.mark("time passes")
