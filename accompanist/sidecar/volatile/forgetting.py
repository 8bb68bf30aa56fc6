"""Lets workers forget the volatile sessions that are over.

    a process that remembers    `volatile_forget_ms` later, many sessions at a time
    a worker with a fence       `volatile_worker_s` later: a late copy of a call finds its fence until then. A worker
                                that did not answer is told again after the same time

A session is over when it is at all of its roles here: one process may serve several of them.

Not promised: that a worker is told. A process forgets by itself, later; a fence does not. What a sidecar had still to
tell when it ended is never told, and stays in the fence.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import structlog

from accompanist import limits
from accompanist.sidecar.calls.attempts import Calls

logger = structlog.get_logger("accompanist.volatile")


class Knower(NamedTuple):
    """Who knows calls of a session: a process of a role's worker, or its fence where that is None."""

    role_class: str
    process: str | None


class Forgetting:
    """What the workers of one sidecar are to forget."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._remembered: dict[Knower, list[UUID]] = defaultdict(list)
        self._fenced: OrderedDict[tuple[UUID, str], float] = OrderedDict()
        """When a fence may be told of a session, by the loop's clock; by role class, in order of time."""
        self._telling: asyncio.Task[None] | None = None

    def over(self, session: UUID, knowers: Iterable[Knower]) -> None:
        """Note that a session is over at all of its roles."""
        for knower in knowers:
            if knower.process is None:
                self._later(session, knower.role_class)
            else:
                self._remembered[knower].append(session)
        if self._telling is None and (self._remembered or self._fenced):
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def stop(self) -> None:
        """Tell nobody any more."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    def _later(self, session: UUID, role_class: str) -> None:
        """Note when a fence may be told. Beyond the bound the oldest session is dropped: its rows stay."""
        self._fenced[session, role_class] = asyncio.get_running_loop().time() + limits.volatile_worker_s
        if len(self._fenced) > limits.volatile_fenced_max:
            self._fenced.popitem(last=False)

    async def _tell(self) -> None:
        try:
            while self._remembered or self._fenced:
                await asyncio.sleep(limits.volatile_forget_ms / 1000)
                remembered, self._remembered = self._remembered, defaultdict(list)
                for knower, sessions in remembered.items():
                    for some in _parts(sessions, limits.forget_sessions_max):
                        await self._calls.forget_volatile(*knower, some)
                for role_class, sessions in self._due().items():
                    for some in _parts(sessions, limits.forget_rows_max):
                        if not await self._calls.forget_volatile(role_class, None, some):
                            for session in some:
                                self._later(session, role_class)
        except Exception as problem:  # the next session that is over begins anew
            logger.error("volatile.failed", exc_info=problem)
        finally:
            self._telling = None

    def _due(self) -> dict[str, list[UUID]]:
        """Take what fences may be told now, by role class."""
        now, due = asyncio.get_running_loop().time(), defaultdict[str, list[UUID]](list)
        while self._fenced and next(iter(self._fenced.values())) <= now:
            (session, role_class), _ = self._fenced.popitem(last=False)
            due[role_class].append(session)
        return due


def _parts(sessions: Sequence[UUID], most: int) -> Iterable[Sequence[UUID]]:
    return (sessions[at : at + most] for at in range(0, len(sessions), most))
