"""The simulated connection from a sidecar to its worker, with its faults.

    WorkerLine   to a worker with a fence: calls arrive late, twice, or after anything else
    PlainLine    to a worker without: the same, within what such a worker may do (`sidecar.calls.outstanding`)

A worker without a fence may take longer than the call's timeout while its caller still listens. It may execute a call
twice, fail after it has executed it, and execute it after its connection is gone. But it ends a call within the timeout
once no one can listen any more, because the connection is gone, or because another sidecar has the session.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from accompanist import limits
from accompanist.rpc import meta as rpc_meta
from accompanist.rpc.late import Late, Left
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Replied, RetryLater
from accompanist.runtime.messages import shard_of
from accompanist.sidecar.calls.attempts import CLOSE, FORGET
from accompanist.simulation.clusters.faults import FaultKind

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Replica


class WorkerLine:
    """The connection from one sidecar to the worker of its service."""

    def __init__(self, replica: Replica) -> None:
        self._service = replica.service
        self._process = replica.process
        self._cluster = replica.cluster

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        loop, faults = self._cluster.loop, self._cluster.faults
        answer: asyncio.Future[Answer] = loop.create_future()
        loop.later(self._cluster.delay_s(), self._arrive, method, arguments, rpc_meta.read(meta), answer)
        if faults.strike(FaultKind.CALL_LATE, method):
            # cut off while the request is still on its way
            loop.later(self._cluster.delay_s() / 10, _settle, answer, Fault("the connection was lost", silent=True))
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await answer
        except TimeoutError:
            return Fault(f"no answer within {timeout_ms} ms")

    def _arrive(
        self, method: str, arguments: bytes, about: rpc_meta.Meta, answer: asyncio.Future[Answer], again: bool = False
    ) -> None:
        loop, faults = self._cluster.loop, self._cluster.faults
        if answer.done() and not again:  # the connection was lost: the call arrives later, or never
            loop.later(faults.between(FaultKind.CALL_LATE, 0.01, 10.0), self._do, method, arguments, about)
        elif self._cluster.down[f"worker of {self._service}"] or faults.strike(FaultKind.CALL_BROKEN, method):
            self._settle_soon(answer, Fault("no connection to the worker", silent=True, away=True))
        elif faults.strike(FaultKind.CALL_REFUSED, method):
            busy = RetryLater("a lock") if faults.pick(FaultKind.CALL_REFUSED, 2) else Fault("it failed inside")
            self._settle_soon(answer, busy)
        elif not faults.strike(FaultKind.CALL_HANGS, method):
            self._answered(answer, self._do(method, arguments, about), method)
            if faults.strike(FaultKind.CALL_TWICE, method):
                seconds = faults.between(FaultKind.CALL_TWICE, 0.0, 12.0)
                loop.later(seconds, self._do, method, arguments, about)

    def _answered(self, answer: asyncio.Future[Answer], said: Answer, method: str) -> None:
        faults = self._cluster.faults
        if faults.strike(FaultKind.CALL_LOST, method):
            self._settle_soon(answer, Fault("the connection was lost", silent=True))
        elif faults.strike(FaultKind.CALL_SLOW, method):
            self._cluster.loop.later(faults.between(FaultKind.CALL_SLOW, 0.05, 14.0), _settle, answer, said)
        else:
            self._settle_soon(answer, said)

    def _do(self, method: str, arguments: bytes, about: rpc_meta.Meta) -> Answer:
        said = self._cluster.workers[self._service].answer(method, arguments, about)
        session = about.session.hex[:6] if about.session is not None else "-"
        key = f"{session} {about.role} {about.site} {method} {about.kind}"
        self._cluster.log(f"worker of {self._service} {key}: {type(said).__name__.lower()}")
        if isinstance(said, Declined):
            self._cluster.mark("declined")
        elif isinstance(said, Closed):
            self._cluster.mark("door shut")
        elif isinstance(said, Replied) and method == CLOSE and said.value.startswith(b'{"closed":false'):
            self._cluster.mark("held")
        return said

    def _settle_soon(self, answer: asyncio.Future[Answer], said: Answer) -> None:
        self._cluster.loop.later(self._cluster.delay_s(), _settle, answer, said)


def _settle(answer: asyncio.Future[Answer], said: Answer) -> None:
    if not answer.done():
        answer.set_result(said)


class PlainLine(WorkerLine):
    """The connection to a worker without a fence. It still receives an answer that comes after the timeout."""

    def _do(self, method: str, arguments: bytes, about: rpc_meta.Meta) -> Answer:
        if about.session is not None and about.role is not None and about.site is not None and method != CLOSE:
            subject = self._cluster.subject_at(about.session, about.role)
            operations = subject.programs[about.role].projection.operations
            if about.kind == "forward" and operations[method].kind == "transaction":
                self._cluster.judge.does(about.session, about.role, about.site)
        return super()._do(method, arguments, about)

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return await self.call_open(method, arguments, meta, timeout_ms, lambda late: None)

    async def call_open(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int, left: Left) -> Answer:
        loop, faults = self._cluster.loop, self._cluster.faults
        answer: Late = loop.create_future()
        call = _PlainCall(self, method, arguments, rpc_meta.read(meta), timeout_ms / 1000, answer)
        loop.later(self._cluster.delay_s(), call.arrive)
        if faults.strike(FaultKind.CALL_LATE, method):
            loop.later(self._cluster.delay_s() / 10, _settle, answer, _LOST)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                said = await asyncio.shield(answer)
        except TimeoutError:
            left(answer)
            return Fault(f"no answer within {timeout_ms} ms")
        except asyncio.CancelledError:
            left(answer)
            raise
        if said == _LOST:
            left(None)
        return said


_LOST = Fault("the connection was lost", silent=True)


class _PlainCall:
    """One call under way to a worker without a fence."""

    def __init__(
        self, line: WorkerLine, method: str, arguments: bytes, about: rpc_meta.Meta, timeout_s: float, answer: Late
    ) -> None:
        self._line, self._cluster = line, line._cluster
        self._method, self._arguments, self._about, self._answer = method, arguments, about, answer
        self._epoch = self._holder()
        self._until = self._cluster.loop.time() + timeout_s * 0.95

    def _holder(self) -> int:
        """The epoch of the session's shard: it changes when another sidecar takes the shard over."""
        if self._about.session is None:
            return 0
        shards = self._cluster.database.services[self._line._service].shards
        return shards[shard_of(self._about.session, limits.shards_count)].epoch

    def arrive(self) -> None:
        loop, faults, method = self._cluster.loop, self._cluster.faults, self._method
        if method in (CLOSE, FORGET):
            self._line._arrive(method, self._arguments, self._about, self._answer)
        elif self._answer.done():  # the connection was lost meanwhile
            loop.later(faults.between(FaultKind.CALL_LATE, 0.01, 9.0), self._work)
        elif self._cluster.down[f"worker of {self._line._service}"] or faults.strike(FaultKind.CALL_BROKEN, method):
            self._line._settle_soon(self._answer, Fault("no connection to the worker", silent=True, away=True))
        elif faults.strike(FaultKind.CALL_HANGS, method):
            loop.later(faults.between(FaultKind.CALL_HANGS, 0.5, 25.0), _settle, self._answer, _LOST)
        elif faults.strike(FaultKind.CALL_LONG, method):
            loop.later(faults.between(FaultKind.CALL_LONG, 0.5, 30.0), self._work)
        else:
            self._work()

    def _work(self) -> None:
        """Execute the call, and answer."""
        line, faults = self._line, self._cluster.faults
        gone = self._answer.done() or not line._process.alive or self._holder() != self._epoch
        if gone and self._cluster.loop.time() > self._until:
            self._cluster.mark("plain gives up")
            _settle(self._answer, _LOST)
            return
        if faults.strike(FaultKind.CALL_REFUSED, self._method):
            done = faults.pick(FaultKind.CALL_REFUSED, 3)
            if done == 0:
                line._do(self._method, self._arguments, self._about)
            line._settle_soon(self._answer, RetryLater("a lock") if done == 1 else Fault("it failed inside"))
            return
        said = line._do(self._method, self._arguments, self._about)
        if isinstance(said, Replied) and faults.strike(FaultKind.CALL_TWICE, self._method):
            line._do(self._method, self._arguments, self._about)
        if gone:
            self._cluster.mark("plain late")
        line._answered(self._answer, said, self._method)
