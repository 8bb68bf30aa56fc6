"""Starts and stops the calls of sessions to workers.

A call's retries end with its session: one that was dropped, because its shard was lost or a commit was refused, calls
no more. They also end when the session no longer waits for the call: what an operator has done by hand must not be done
again when the worker is back, and a parked session makes no calls. A call that is requested again while it is under way
is made once.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable

from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import Event
from accompanist.runtime.ports import ResultKind
from accompanist.runtime.session import Session
from accompanist.sidecar.calls.attempts import Asker, Calls
from accompanist.sidecar.sessions.freshness import shard_of
from accompanist.sidecar.sessions.tasks import Tasks


class Asking:
    """The calls of one sidecar's sessions. `again` is called for failed attempts, `heard` with the answers;
    `leases_fresh` says whether the leases are still held, as far as a clock can tell."""

    def __init__(
        self,
        calls: Calls,
        tasks: Tasks,
        again: Callable[[Session, int, str], None],
        heard: Callable[[Session, Event], None],
        leases_fresh: Callable[[], bool],
    ) -> None:
        self._calls, self._tasks, self._again, self._heard = calls, tasks, again, heard
        self._under_way: dict[Session, dict[asyncio.Task[None], CallWorker | CloseWorker]] = {}
        self._since: dict[int, float] = {}
        self._leases_fresh = leases_fresh

    def acquired(self, shards: Iterable[int]) -> None:
        """Note shards that were just acquired: until now, another sidecar may have made calls for their sessions."""
        now = asyncio.get_running_loop().time()
        self._since.update(dict.fromkeys(shards, now))

    def first(self, session: Session, burst: Burst) -> bool:
        """Whether a burst's call has to be logged before it is made: without a fence, only the log records it."""
        operations = session.program.projection.operations
        return any(
            isinstance(call, CallWorker)
            and call.kind is ResultKind.FORWARD
            and operations[call.operation].kind == "transaction"
            and not self._calls.fenced(session.program.projection.role_class)
            for call in burst.calls
        )

    def fenced(self, session: Session) -> bool:
        """Whether a fence keeps what the session's worker does, or the session calls none."""
        projection = session.program.projection
        return not projection.operations or self._calls.fenced(projection.role_class)

    def ask(self, session: Session, call: CallWorker | CloseWorker, cause: dict[str, str]) -> None:
        if isinstance(call, CallWorker) and self._is_asked(session, call):
            return
        task = self._tasks.spawn([session.key], self._ask(session, call, cause))
        self._under_way.setdefault(session, {})[task] = call
        task.add_done_callback(functools.partial(self._done, session))

    def _is_asked(self, session: Session, call: CallWorker) -> bool:
        """Whether another task makes this very call already; the present task, which just got an answer, is not
        counted."""
        here = asyncio.current_task()
        return any(
            isinstance(other, CallWorker)
            and (other.site, other.kind) == (call.site, call.kind)
            and task is not here
            and not task.done()
            for task, other in self._under_way.get(session, {}).items()
        )

    def drop(self, session: Session) -> None:
        """Stop the calls of a session. Attempts that were sent stay tracked."""
        for task in self._under_way.pop(session, {}):
            if task is not asyncio.current_task():
                self._tasks.stop(task)

    def _done(self, session: Session, task: asyncio.Task[None]) -> None:
        under_way = self._under_way.get(session)
        if under_way is not None:
            under_way.pop(task, None)
            if not under_way:
                del self._under_way[session]

    async def _ask(self, session: Session, call: CallWorker | CloseWorker, cause: dict[str, str]) -> None:
        projection = session.program.projection
        operations = projection.operations
        asker = Asker(
            tries={name: operation.tries for name, operation in operations.items()},
            again=functools.partial(self._again, session),
            may=self._leases_fresh,
            since=self._since.get(shard_of(session.header.session)) if session.inherited else None,
        )
        if isinstance(call, CloseWorker):
            event: Event | None = await self._calls.close(
                session.header, session.role, projection.role_class, call, cause, asker
            )
        else:
            former = call.kind is ResultKind.FORWARD and session.unanswered == call.site
            operation = operations[call.operation]
            effect, pivot = operation.kind != "query", operation.pivot
            wanted = functools.partial(session.retries, call)
            asker = Asker(asker.tries, asker.again, asker.may, asker.since, former, effect, wanted, pivot=pivot)
            event = await self._calls.ask(session.header, session.role, projection.role_class, call, cause, asker)
        if event is not None:
            self._heard(session, event)
