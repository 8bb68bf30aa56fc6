"""The calls of volatile sessions to this service's workers.

A session that calls a role's worker for the first time learns which process of it answers, and names that process in
every later call: what was done there, it alone remembers. A worker that says of no process remembers nothing, and its
calls are fenced as those of durable sessions: correct, and slower. What workers know of a session that is over,
`forgetting` lets them forget.

Not promised: that a call is made again. One whose process is gone is lost.
"""

from __future__ import annotations

import asyncio
import functools
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

import structlog

from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import Event
from accompanist.runtime.session import Session
from accompanist.sidecar.calls.attempts import Asker, CallLost, Calls
from accompanist.sidecar.volatile.forgetting import Forgetting, Knower

logger = structlog.get_logger("accompanist.volatile")

Heard = Callable[[Session, Event], None]
LostCall = Callable[[Session, str], None]
"""Called for a call whose fate cannot be known, with the reason as text."""


class VolatileCalls:
    """The calls of one sidecar's volatile sessions. `heard` gets their answers, `lost` what never gets one."""

    def __init__(self, calls: Calls, heard: Heard, lost: LostCall) -> None:
        self._calls = calls
        self._heard = heard
        self._lost = lost
        self._tasks: dict[Session, set[asyncio.Task[None]]] = defaultdict(set)
        self._latest: dict[str, str | None] = {}
        """The process of each worker, by role class, as it was last learnt."""
        self._used: dict[Session, str | None] = {}
        """The process that a session's calls at one role are known to; None where they are fenced."""
        self._knowers: dict[UUID, set[Knower]] = defaultdict(set)
        """Who knows calls of a session, at any role."""
        self._forgetting = Forgetting(calls)

    def ask(self, session: Session, call: CallWorker | CloseWorker, cause: dict[str, str]) -> None:
        """Make a call, and hand its answer to `heard`."""
        task = asyncio.get_running_loop().create_task(self._ask(session, call, cause))
        self._tasks[session].add(task)
        task.add_done_callback(functools.partial(self._done, session))

    def drop(self, session: Session) -> None:
        """Stop the calls of a session that is over at one role. Its worker still knows them: it may be the worker of
        other roles of the same session."""
        for task in self._tasks.pop(session, ()):
            if task is not asyncio.current_task():
                task.cancel()
        self._used.pop(session, None)

    def over(self, session: UUID) -> None:
        """Let the workers forget a session that is over at all roles here."""
        self._forgetting.over(session, self._knowers.pop(session, ()))

    async def stop(self) -> None:
        """Stop all calls."""
        tasks = [task for tasks in self._tasks.values() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._forgetting.stop()

    def _done(self, session: Session, task: asyncio.Task[None]) -> None:
        if (tasks := self._tasks.get(session)) is not None:
            tasks.discard(task)
            if not tasks:
                del self._tasks[session]

    async def _ask(self, session: Session, call: CallWorker | CloseWorker, cause: dict[str, str]) -> None:
        try:
            event = await self._answer(session, call, cause)
        except CallLost as lost:
            self._lost(session, lost.text)
            return
        except Exception as problem:  # only this session is concerned
            logger.error("volatile.failed", session=str(session.header.session), exc_info=problem)
            self._lost(session, f"{type(problem).__name__} was raised by a call")
            return
        if event is not None:
            self._heard(session, event)

    async def _answer(self, session: Session, call: CallWorker | CloseWorker, cause: dict[str, str]) -> Event | None:
        role_class = session.program.projection.role_class
        first = session not in self._used
        if first:
            if role_class not in self._latest:
                self._latest[role_class] = await self._calls.process(role_class)
            self._use(session, self._latest[role_class])
        try:
            return await self._once(session, call, cause)
        except CallLost as lost:
            self._latest.pop(role_class, None)  # it may be another process by now
            if not (first and lost.unheard):
                raise
        # it was never called before, and the process that we know of is gone: it begins with the next one
        self._latest[role_class] = await self._calls.process(role_class)
        self._use(session, self._latest[role_class])
        return await self._once(session, call, cause)

    def _use(self, session: Session, process: str | None) -> None:
        """From now on, this process knows the session's calls."""
        self._used[session] = process
        self._knowers[session.header.session].add(Knower(session.program.projection.role_class, process))

    async def _once(self, session: Session, call: CallWorker | CloseWorker, cause: dict[str, str]) -> Event | None:
        projection, header = session.program.projection, session.header
        tries = {name: operation.tries for name, operation in projection.operations.items()}
        process = self._used.get(session)
        if isinstance(call, CloseWorker):
            asker = Asker(tries, volatile=True, process=process)
            return await self._calls.close(header, session.role, projection.role_class, call, cause, asker)
        operation = projection.operations[call.operation]
        asker = Asker(
            tries,
            effect=operation.kind != "query",
            wanted=functools.partial(session.retries, call),
            volatile=True,
            process=process,
            pivot=operation.pivot,
        )
        return await self._calls.ask(header, session.role, projection.role_class, call, cause, asker)
