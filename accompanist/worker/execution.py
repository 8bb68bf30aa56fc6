"""One call of an operation, as transactions on the worker's database.

The happy path of a transaction is BEGIN, enter, the operation's own statements, leave, COMMIT: effect, fence and reply
in one commit. BEGIN is sent with enter, and leave with COMMIT (`worker.pipelining`): two round trips to the database
beside the operation's own.

It uses no savepoint, although a decline has to undo the effects and keep its record. If a handler declines, the whole
transaction is rolled back, and a second one, a single statement, records the decline. In between, no lock holds the
key. That is harmless, because the record is write-once and the first writer decides:

    a crash in between        nothing is recorded and nothing was done: a retry decides again, which is allowed, since
                              no answer was sent
    a retry in between        it may succeed; our record of the decline then finds its reply, and *that* is our answer
    a close in between        our record of the decline finds the session closed, and answers so; nothing was executed

A savepoint would cost every successful call one round trip, to save the declined ones two.

A retriable operation may not decline: a decline is rolled back and not recorded, since the call is retried.

If the handler raises another exception, the transaction is rolled back and nothing is recorded: the call is undecided,
and is retried. If the connection breaks at COMMIT, or the process is stopped, the outcome is unknown here. The answer
is
"retry later", and the retry reads the outcome from the fence.

Not promised: anything about effects outside the transaction that was handed to the operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import UUID

import structlog

from accompanist import crashpoints, limits
from accompanist.language.values import codec
from accompanist.rpc import envelope
from accompanist.rpc.dispatch import stopping
from accompanist.rpc.envelope import RpcError
from accompanist.worker.fence import Fence, Key
from accompanist.worker.port import FenceConnection, Work, WorkerDatabase
from accompanist.worker.volatile import DECLINED, GONE, REPLIED, Outcome, VolatileMemory

logger = structlog.get_logger("accompanist.worker")
T = TypeVar("T")

_call: ContextVar[Key] = ContextVar("accompanist_call")


def current_call() -> Key:
    """The key of the current transaction or compensation. A compensation has the session, role and site of the
    transaction it undoes, and can find by them what that wrote. Raises LookupError outside of an operation."""
    return _call.get()


class Declined(Exception):
    """Raised by an operation to decline: a declared business failure, and final. Its effects are rolled back. The
    reason is recorded and sent for people to read, so it must hold no secrets."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Execution:
    """Runs operations on a database, behind the fence of one schema."""

    def __init__(self, database: WorkerDatabase, fence: Fence, memory: VolatileMemory | None = None) -> None:
        self.memory = memory
        """What is known of volatile sessions. Without one, their calls are fenced like others."""
        self._database = database
        self._fence = fence

    async def transact(
        self,
        key: Key,
        work: Work,
        returns: Any,
        *,
        retriable: bool = False,
        patience_ms: int = limits.call_timeout_ms,
    ) -> bytes:
        """Execute a transaction or compensation, unless that was done before, and return its reply. Raises RpcError.
        `retriable`: it may not decline; a decline is a fault, is not recorded, and the call is retried."""
        if key.kind == "forward":
            crashpoints.reached("worker.call_received")

        async def once(connection: FenceConnection) -> tuple[str, str | None]:
            try:
                return await self._guarded(connection, key, work, returns, patience_ms)
            except Declined as refusal:
                return await self._fence.refuse(connection, key, _reason(refusal, key, retriable=retriable))

        return _answer(*await self._decided(once))

    async def transact_volatile(
        self,
        memory: VolatileMemory,
        key: Key,
        work: Work,
        returns: Any,
        *,
        retriable: bool = False,
        patience_ms: int = limits.call_timeout_ms,
    ) -> bytes:
        """The same for a volatile session: this process's memory stands in for the fence. A call whose COMMIT has an
        unknown outcome is answered `gone`, now and whenever it is asked again."""

        async def run() -> Outcome:
            try:
                return await self._unfenced(key, work, returns, patience_ms)
            except Declined as refusal:
                return DECLINED, _reason(refusal, key, retriable=retriable)[: limits.reason_chars_max]

        return _answer(*await memory.once(key, run))

    async def _unfenced(self, key: Key, work: Work, returns: Any, patience_ms: int) -> Outcome:
        async def once(connection: FenceConnection) -> Outcome:
            committing = False
            try:
                async with self._database.transaction(connection, patience_ms=patience_ms):
                    called = _call.set(key)
                    try:
                        reply = _encode(await self._database.perform(connection, work), returns).decode()
                    finally:
                        _call.reset(called)
                    committing = True
            except BaseException as problem:
                if committing and not self._database.certainly_undone(problem):
                    return GONE, None
                raise
            return REPLIED, reply

        return await self._decided(once)

    async def ask(self, work: Work, returns: Any, *, patience_ms: int = limits.call_timeout_ms) -> bytes:
        """Run a query in a read-only transaction, and return its reply. Raises RpcError."""

        async def once(connection: FenceConnection) -> bytes:
            async with self._database.transaction(connection, readonly=True, patience_ms=patience_ms):
                return _encode(await self._database.perform(connection, work), returns)

        try:
            return await self._decided(once)
        except Declined as refusal:
            raise _declined(refusal.reason) from None

    async def close(self, session: UUID, role: str, unless: str | None, before: str | None = None) -> bytes:
        """Close (session, role), and return a page of what was executed. Raises RpcError."""

        async def once(connection: FenceConnection) -> str:
            async with self._database.transaction(connection, fenced=True):
                told = await self._fence.close(connection, session, role, unless, before)
                crashpoints.reached("worker.close_before_commit")
            crashpoints.reached("worker.close_after_commit")
            return told

        return (await self._decided(once)).encode()

    async def forget(self, sessions: list[UUID]) -> int:
        async def once(connection: FenceConnection) -> int:
            return await self._fence.forget(connection, sessions)

        return await self._decided(once)

    async def _guarded(
        self, connection: FenceConnection, key: Key, work: Work, returns: Any, patience_ms: int
    ) -> tuple[str, str | None]:
        undo = key.kind == "compensate"
        async with self._database.transaction(connection, fenced=True, patience_ms=patience_ms):
            status, answer = await self._fence.enter(connection, key)
            if status != "run":
                return status, answer
            called = _call.set(key)
            try:
                reply = _encode(await self._database.perform(connection, work), returns).decode()
            finally:
                _call.reset(called)
            await self._fence.leave(connection, key, reply)
            crashpoints.reached("worker.undo_before_commit" if undo else "worker.before_commit")
        crashpoints.reached("worker.undo_after_commit" if undo else "worker.after_commit")
        return "replied", reply

    async def _decided(self, once: Callable[[FenceConnection], Awaitable[T]]) -> T:
        """Run on a connection of its own, and retry on a conflict. Raises RpcError for a transient error."""
        for attempt in range(1, limits.conflict_attempts_max + 1):
            try:
                async with self._database.connection() as connection:
                    return await once(connection)
            except Exception as problem:
                if attempt < limits.conflict_attempts_max and self._database.is_conflict(problem):
                    continue
                word = self._database.passing(problem)
                if word is None:
                    raise
                raise RpcError(envelope.RETRY_LATER, "retry later", word) from None
            except asyncio.CancelledError:
                raise stopping() from None
        raise AssertionError("a loop of attempts ends in one of them")


def _declined(reason: str) -> RpcError:
    return RpcError(envelope.DECLINED, "declined", reason[: limits.reason_chars_max])


def _encode(reply: Any, returns: Any) -> bytes:
    """The reply's canonical JSON. It is decoded again as its type, because an unreadable reply must not be
    committed."""
    try:
        encoded = codec.encode(reply)
        codec.decode(encoded, returns)
    except (codec.EncodeError, codec.DecodeError) as problem:
        logger.error("worker.reply_misfit", problem=problem.text)
        raise RpcError(envelope.INTERNAL_ERROR, "internal error", "the reply does not fit its type") from None
    return encoded


def _reason(refusal: Declined, key: Key, *, retriable: bool) -> str:
    """Why an operation declined. Raises RpcError where it may not decline."""
    if key.kind == "compensate":
        raise RpcError(envelope.INTERNAL_ERROR, "a compensation declined") from None
    if retriable:
        raise _declined(refusal.reason) from None
    return refusal.reason.replace("\0", "")


def _answer(status: str, answer: str | None) -> bytes:
    match status:
        case "replied":
            return (answer or "null").encode()
        case "declined":
            raise RpcError(envelope.DECLINED, "declined", answer)
        case "closed":
            raise RpcError(envelope.CLOSED, "closed")
        case "gone":
            raise RpcError(envelope.GONE, "its outcome is not known")
        case "reused":
            raise RpcError(envelope.REUSED, "key reused with other arguments")
    raise AssertionError(f"the fence has no status {status!r}")
