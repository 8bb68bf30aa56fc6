"""Calls wait here for a place at their worker, under the limits that the configuration sets (`admission`).

A limit is for one operation at one worker, or, under `*`, for all calls of a worker. A call under both takes the place
of its operation first. What waits has made no attempt, and spends no retry budget and no time-out.

Exempt are the fence's own methods (`accompanist.close` and so on): they end what has begun.

Not promised: that calls whose caller has stopped waiting are not at the worker any more. A call that timed out has left
its place.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from accompanist.errors import OperatorError, catalogue
from accompanist.sidecar.calls.admission import Admission, CallLimit

TOO_MANY_WAIT = catalogue(
    "ACC731",
    "too many calls wait at a limit",
    "The configuration limits how many calls of an operation there may be, and as many as may already wait for that. A "
    "saga that makes such calls is not begun now. Nothing was written.",
    "Try again after a while, with the same key. If the worker can take more, raise the limit in [service.NAME.limit]; "
    "`waiting_max` is how many may wait.",
)
EVERY = "*"
"""Stands for all operations of a worker in the configuration."""

_RESERVED = "accompanist."


class _Gate:
    """One limit at one worker. Those who wait have a future, which is set when they have a place."""

    def __init__(self, limit: CallLimit) -> None:
        self._loop = asyncio.get_running_loop()
        self.admission: Admission[asyncio.Future[None]] = Admission(limit, self._loop.time())
        self._timer: asyncio.TimerHandle | None = None

    def share(self, held: int, sidecars: int) -> None:
        self.admission.share(held, sidecars, self._loop.time())
        self._admit()

    @asynccontextmanager
    async def place(self, *, first: bool) -> AsyncIterator[None]:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self.admission.wait(waiter, first=first)
        self._admit()
        try:
            await waiter
            yield
        finally:
            if waiter.done() and not waiter.cancelled():
                self.admission.left()
            else:
                self.admission.withdraw(waiter)
            self._admit()

    def _admit(self) -> None:
        """Give places to those who may have one, and come back when the next may."""
        while (waiter := self.admission.next(self._loop.time())) is not None:
            if waiter.done():  # it was cancelled in this turn of the loop, and has not withdrawn yet
                self.admission.left()
            else:
                waiter.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (due_s := self.admission.due_s(self._loop.time())) is not None:
            self._timer = self._loop.call_later(due_s, self._admit)


class CallLimits:
    """The limits of one sidecar, by operation."""

    def __init__(self, limits: Mapping[str, CallLimit]) -> None:
        self._limits = limits
        self._gates: dict[tuple[str, str], _Gate] = {}
        self._held, self._sidecars = 0, 1
        self._waiting: Counter[tuple[UUID, str, str]] = Counter()
        """The calls that wait: session, role, operation."""

    @property
    def are_set(self) -> bool:
        """Whether the configuration limits calls at all."""
        return bool(self._limits)

    def share(self, held: int, sidecars: int) -> None:
        """Set how many shards this sidecar holds, and how many sidecars the service has."""
        self._held, self._sidecars = held, sidecars
        for gate in self._gates.values():
            gate.share(held, sidecars)

    @asynccontextmanager
    async def place(
        self, session: UUID, role: str, role_class: str, operation: str, *, first: bool
    ) -> AsyncIterator[bool]:
        """A place for one attempt at a call. `first`: it goes before those who are not. Gives whether there is a limit,
        so that it may have waited."""
        gates = [gate for key in (operation, EVERY) if (gate := self._gate(role_class, operation, key)) is not None]
        if not gates:
            yield False
            return
        about, waited = (session, role, operation), True
        self._waiting[about] += 1
        try:
            async with AsyncExitStack() as places:
                for gate in gates:
                    await places.enter_async_context(gate.place(first=first))
                waited = False
                self._stop_waiting(about)
                yield True
        finally:
            if waited:
                self._stop_waiting(about)

    def _stop_waiting(self, about: tuple[UUID, str, str]) -> None:
        self._waiting[about] -= 1
        if not self._waiting[about]:
            del self._waiting[about]

    @property
    def waited_for(self) -> Mapping[tuple[UUID, str], str]:
        """The operation that each session waits to call, by session and role."""
        return {(session, role): operation for session, role, operation in self._waiting}

    @property
    def waiting(self) -> Mapping[str, int]:
        """How many calls wait, by operation."""
        found = Counter(dict.fromkeys(self._limits, 0))
        del found[EVERY]
        for (_, _, operation), count in self._waiting.items():
            found[operation] += count
        return found

    def check_room(self, role_class: str, operations: Collection[str]) -> None:
        """Raises OperatorError if as many calls as may wait at a limit of one of these operations."""
        for operation in operations:
            for key in (operation, EVERY):
                gate = self._gates.get((role_class, key))
                if gate is not None and gate.admission.full:
                    which = f"of {operation}" if key == operation else f"at the worker of {role_class}"
                    raise OperatorError(TOO_MANY_WAIT, f"{gate.admission.waiting} calls {which} wait for a place")

    def _gate(self, role_class: str, operation: str, key: str) -> _Gate | None:
        if operation.startswith(_RESERVED) or key not in self._limits:
            return None
        if (gate := self._gates.get((role_class, key))) is None:
            gate = self._gates[role_class, key] = _Gate(self._limits[key])
            gate.share(self._held, self._sidecars)
        return gate
