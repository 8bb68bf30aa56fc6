"""What a driver has to do for one call: the ports of the adapters, and the two errors that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from accompanist.errors import catalogue
from accompanist.worker.port import Isolation, Work
from accompanist.worker.states import PostgresFailure

ENDED = catalogue(
    "ACC518",
    "an operation ended or broke its transaction",
    "The worker begins and ends the transaction of an operation, so that effect, fence and reply are one commit. An "
    "operation takes that away if it commits, rolls back, closes its session or connection, leaves a statement under "
    "way or a block open, or catches an error of the database and goes on in the failed transaction. Nothing was "
    "recorded, and the call is undecided.",
    "Leave commit, rollback and close to the worker. To go on after an error of the database, put the statement into "
    "a savepoint: connection.transaction(), session.begin_nested(), transaction.atomic(). To decline, raise Declined.",
)
UNFIT = catalogue(
    "ACC519",
    "the worker's driver cannot be used as it is set up",
    "An adapter needs Postgres, and a connection whose transactions it can begin and commit by itself.",
    "The message says what does not fit. Change the engine, the pool or the settings that the adapter was given.",
)


class OperationEnded(Exception):
    """The operation has ended or broken its transaction; the text says how."""


class OperationCommitted(OperationEnded):
    """It is not known whether what the operation did was committed."""


class BlockingConnection(Protocol):
    """A connection of a blocking driver, for one call. All methods are called in one thread, one after the other."""

    def open(self) -> None:
        """Take a connection from the pool, or open one."""

    def begin(self, isolation: Isolation, readonly: bool) -> None:
        """Begin a transaction of this level, which may write unless it is `readonly`."""

    def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        """Carry out a statement with numbered parameters, and return its first row."""

    def perform(self, work: Work) -> Any:
        """Run an operation on the handle, and send what it has left to be sent. Raises OperationEnded."""

    def commit(self) -> None:
        """Commit the transaction."""

    def status_of(self, transaction: str) -> str | None:
        """What has become of a transaction, outside of any, as `pg_xact_status` says it."""

    def rollback(self) -> None:
        """Roll the transaction back, if one is open."""

    def release(self, *, spoilt: bool) -> None:
        """Give the connection back. `spoilt`: close it, because it would go on failing."""


class DriverConnection(Protocol):
    """The same for an asynchronous driver."""

    async def open(self) -> None: ...

    async def begin(self, isolation: Isolation, readonly: bool) -> None: ...

    async def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None: ...

    async def perform(self, work: Work) -> Any: ...

    async def commit(self) -> None: ...

    async def status_of(self, transaction: str) -> str | None: ...

    async def rollback(self) -> None: ...

    async def release(self, *, spoilt: bool) -> None:
        """Give the connection back, once it is not busy. A transaction that is open then is rolled back."""

    def is_busy(self) -> bool:
        """Whether it may still carry out what its caller was stopped in waiting for. It is the caller's no more, but to
        release."""


class PoolDriver(Protocol):
    """A driver with its pool, as `AdapterDatabase` uses it."""

    def connection(self) -> DriverConnection:
        """A connection for one call, which is still to be opened."""

    def failure_of(self, problem: BaseException) -> PostgresFailure | None:
        """What the server reported, if the error says that."""

    def is_lost(self, problem: BaseException) -> bool:
        """Whether the error says, without a report of the server, that a connection broke or could not be opened."""

    def is_ended(self, problem: BaseException) -> bool:
        """Whether the error says that the operation has ended or broken its transaction."""

    async def close(self) -> None:
        """Close what this driver has opened."""
