"""Operations on Django's models, in a thread, within `transaction.atomic`.

    worker = Worker(Payment, schema="payment", database=Django())

    @worker.operation
    def charge(tx: BaseDatabaseWrapper, ...) -> Receipt:
        Charge.objects.create(...)

`tx` is the connection of the alias, `django.db.connections[using]`; models use the same one by themselves, if their
alias is `using`. The worker's program calls `django.setup()` first. What `transaction.on_commit` was given runs once
the server has said that it committed, in the same thread; what a query gave it does not run. Connections are kept as
CONN_MAX_AGE says; at 0 each call connects anew.

Not promised: anything about another alias, whose transactions are its own. A query that writes is refused by Postgres.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import structlog
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import Error as DjangoError
from django.db.utils import InterfaceError, OperationalError

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.worker.adapters.connection import UNFIT, DriverConnection, OperationEnded
from accompanist.worker.adapters.database import STATUS_OF, AdapterDatabase
from accompanist.worker.adapters.threads import CallThreads, ThreadedConnection
from accompanist.worker.port import Isolation, Work, WorkerDatabase
from accompanist.worker.states import PostgresFailure

_PARAMETER = re.compile(r"\$(\d+)")
_BEGUN = {
    ("read committed", False): "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
    ("read committed", True): "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
    ("serializable", False): "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
    ("serializable", True): "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY",
}

logger = structlog.get_logger("accompanist.worker")


class Django:
    """The driver of a worker (`WorkerDriver`): the database of an alias in Django's settings. `connections`: how many
    calls may be under way, each with a connection of its own."""

    threaded = True
    addressed = False

    def __init__(self, using: str = "default", *, connections: int = limits.worker_connections_max) -> None:
        self._using = using
        self._connections = connections

    async def open(self, dsn: str, schema: str, isolation: Isolation) -> WorkerDatabase:
        """See `WorkerDriver`. Connections are opened as calls need them. Raises OperatorError."""
        settings = connections.databases.get(self._using)
        if settings is None:
            raise OperatorError(UNFIT, f"Django's settings have no database {self._using}")
        if "postgresql" not in settings["ENGINE"] and "postgis" not in settings["ENGINE"]:
            raise OperatorError(UNFIT, f"the database {self._using} of Django's settings is not of Postgres")
        if not settings["AUTOCOMMIT"]:
            raise OperatorError(UNFIT, f"AUTOCOMMIT is off for the database {self._using}: atomic() would not commit")
        return AdapterDatabase(_DjangoDriver(self._using, schema), isolation, self._connections)


class _DjangoDriver:
    def __init__(self, using: str, schema: str) -> None:
        self._using = using
        self._threads = CallThreads(f"accompanist worker {schema}")

    def connection(self) -> DriverConnection:
        return ThreadedConnection(self._threads, _AtomicCall(self._using))

    def failure_of(self, problem: BaseException) -> PostgresFailure | None:
        # Django's errors have the driver's as their cause
        reported: Any = problem.__cause__ if isinstance(problem, DjangoError) else None
        state = getattr(reported, "sqlstate", None) or getattr(reported, "pgcode", None)
        return PostgresFailure(state, reported.diag.table_name) if state else None

    def is_lost(self, problem: BaseException) -> bool:
        return isinstance(problem, OperationalError | InterfaceError) and self.failure_of(problem) is None

    def is_ended(self, problem: BaseException) -> bool:
        return isinstance(problem, TransactionManagementError)

    async def close(self) -> None:
        await self._threads.end(lambda: connections[self._using].close())


class _AtomicUndone(Exception):
    """Ends Django's atomic block with a rollback."""


class _AtomicCall:
    """One call on this thread's connection of an alias (`BlockingConnection`)."""

    def __init__(self, using: str) -> None:
        self._using = using
        self._atomic: Any = None
        self._hooks: list[Any] = []

    def open(self) -> None:
        self._handle = connections[self._using]
        self._handle.ensure_connection()

    def begin(self, isolation: Isolation, readonly: bool) -> None:
        atomic = transaction.atomic(using=self._using, durable=True)
        atomic.__enter__()
        self._atomic = atomic
        with self._handle.cursor() as cursor:
            cursor.execute(_BEGUN[isolation, readonly])

    def statement(self, query: str, values: Sequence[Any]) -> Sequence[Any] | None:
        order = [int(number) - 1 for number in _PARAMETER.findall(query)]
        with self._handle.cursor() as cursor:
            cursor.execute(_PARAMETER.sub("%s", query), [values[place] for place in order])
            row: Sequence[Any] | None = cursor.fetchone()
            return row

    def perform(self, work: Work) -> Any:
        result = work(self._handle)
        if self._handle.closed_in_transaction:
            raise OperationEnded("it closed its connection")
        if self._handle.needs_rollback:
            raise OperationEnded("a statement in it had failed, and the operation went on")
        if self._handle.savepoint_ids or not self._handle.in_atomic_block:
            raise OperationEnded("it left a block of atomic() open")
        return result

    def commit(self) -> None:
        atomic, self._atomic = self._atomic, None
        self._hooks, self._handle.run_on_commit = self._handle.run_on_commit, []
        atomic.__exit__(None, None, None)

    def status_of(self, transaction: str) -> str | None:
        row = self.statement(STATUS_OF, (transaction,))
        status: str | None = row[0] if row else None
        if status == "committed":  # only now is it known, and what `on_commit` runs depends on it
            self._run_hooks()
        return status

    def _run_hooks(self) -> None:
        hooks, self._hooks = self._hooks, []
        for _, hook, *_ in hooks:
            try:
                hook()
            except Exception as problem:  # it is committed: what comes after must not have it done again
                logger.error("worker.on_commit_failed", error_type=type(problem).__name__)

    def rollback(self) -> None:
        atomic, self._atomic = self._atomic, None
        if atomic is not None:
            atomic.__exit__(_AtomicUndone, _AtomicUndone(), None)
        if self._handle.in_atomic_block:
            raise OperationEnded("it left a block of atomic() open")

    def release(self, *, spoilt: bool) -> None:
        if spoilt or self._handle.in_atomic_block:
            self._handle.in_atomic_block = self._handle.closed_in_transaction = False  # else it would not close
            self._handle.close()
        else:
            self._handle.close_if_unusable_or_obsolete()
