"""What a call needs of the worker's database, whatever driver the worker's author uses.

`WorkerDatabase` is the port; `worker.database` implements it on asyncpg. An implementation hands out connections, opens
transactions on them, runs the operation on the handle that its author expects, and says what an error means. The
statements of the fence run on the same connection, in the same transaction.

Not promised: anything about statements of an operation. Each driver carries them out in its own way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

from accompanist import limits

Isolation = Literal["read committed", "serializable"]
"""The isolation levels under which the fence is safe, if all transactions use the same one (`fence.sql`)."""
READ_COMMITTED: Isolation = "read committed"

Work = Callable[[Any], Any]
"""An operation with its arguments: it takes the handle on the transaction. Its result is awaited, unless the database
is `threaded`."""


class Outlasted(Exception):
    """The server closed the connection because its transaction was idle for too long."""


class Busy(Exception):
    """All connections are in use, and none became free in time: the call has not begun."""


class ConnectionLost(Exception):
    """The connection broke during a statement, whose effect is unknown."""


class QueryWrote(Exception):
    """A query tried to write, which it may not."""


class StillAsking(Exception):
    """The operation returned while a statement of its own was under way, which is a mistake in it."""


class FenceConnection(Protocol):
    """A connection, as the fence's statements use it. Parameters are numbered: $1, $2, each once and in order."""

    async def fetchrow(self, query: str, *values: Any) -> Any:
        """The statement's first row, its values by number; None without a row."""

    async def fetchval(self, query: str, *values: Any) -> Any:
        """The first value of the statement's first row."""

    async def last(self, query: str, *values: Any) -> None:
        """The last statement of a transaction, which answers no rows: COMMIT comes next, and may be what raises."""


class WorkerDatabase(Protocol):
    """The worker's database, open for calls. A connection is a `FenceConnection`; what else it is, only the
    implementation knows."""

    def connection(self) -> AbstractAsyncContextManager[Any]:
        """Take a connection, within a bounded time. Raises Busy if none becomes free, ConnectionLost if it breaks."""

    def transaction(
        self,
        taken: Any,
        *,
        readonly: bool = False,
        fenced: bool = False,
        patience_ms: int = limits.call_timeout_ms,
    ) -> AbstractAsyncContextManager[None]:
        """A transaction: committed if the block ends normally, rolled back if it raises. Raises QueryWrote if a
        `readonly` transaction wrote. `fenced`: a statement of the fence comes first, and one may be the last.
        `patience_ms`: how long the caller waits for this call."""

    def perform(self, taken: Any, work: Work) -> Awaitable[Any]:
        """Run an operation on the connection's transaction, and return its result."""

    def is_conflict(self, problem: BaseException) -> bool:
        """Whether an immediate retry of the transaction is likely to succeed."""

    def certainly_undone(self, problem: BaseException) -> bool:
        """Whether a COMMIT that raised this has certainly committed nothing."""

    def passing(self, problem: BaseException) -> str | None:
        """A word for a transient error; None for a permanent one."""

    async def close(self) -> None:
        """Close all connections that this database has opened, within a bounded time. No call is under way."""


class WorkerDriver(Protocol):
    """How a worker's author reaches the database. `threaded`: operations are plain functions and run in threads.
    `addressed`: the database's address comes from the command line; else the driver was given a pool that has it."""

    threaded: bool
    addressed: bool

    async def open(self, dsn: str, schema: str, isolation: Isolation) -> WorkerDatabase:
        """Open the database for calls. Raises OperatorError, without the address, which holds a password."""
