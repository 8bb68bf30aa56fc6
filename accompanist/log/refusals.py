"""Error codes for a log that cannot be used, and the translation of Postgres's errors into them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.log import address, faults
from accompanist.log.address import POOLED, UNREADABLE
from accompanist.log.connection import again, of_a_pooler
from accompanist.runtime.ports import LogUnavailable

ABSENT = catalogue(
    "ACC401",
    "Postgres cannot be reached",
    "The log is in Postgres. Without it no promise can be kept, so nothing is started.",
    "Start the server, or correct the database of the service in accompanist.toml or DATABASE_URL.",
)
TOO_OLD = catalogue(
    "ACC402",
    "Postgres is too old",
    f"The log needs Postgres {limits.postgres_version_min} or later.",
    "Upgrade the server, or point the service at a newer one.",
)
NOT_MIGRATED = catalogue(
    "ACC403",
    "the log is not migrated",
    "The service's schema is missing, or at an earlier revision than this program needs.",
    "Run `accompanist migrate` (the first time with `--bootstrap`).",
)
TOO_NEW = catalogue(
    "ACC404",
    "the log is of a later revision",
    "The schema was migrated by a later release of Accompanist; this one does not know its tables.",
    "Run the later release, or migrate the schema down with it first.",
)
NOT_PERMITTED = catalogue(
    "ACC405",
    "Postgres refuses",
    "The login lacks a right for this operation: each service's roles have only the rights they need.",
    "Bootstrap and migrate as a login that may create roles; run a sidecar as `<service>_sidecar`.",
)
OTHER_SERVICE = catalogue(
    "ACC406",
    "the schema belongs to another service",
    "A schema is the log of one service. Two services in one schema would take each other's messages.",
    "Give each service a schema of its own in accompanist.toml.",
)

OTHER_LOGIN = catalogue(
    "ACC411",
    "not the login of the service's sidecar",
    "A log identifies the service that writes to it by the login alone. Every message that another login writes would "
    "be refused.",
    "Log in as SERVICE_sidecar. `accompanist migrate --bootstrap --database ADDRESS` creates that login, without a "
    "password; then name it in `database` of [service.SERVICE], or in ACCOMPANIST_SERVICE_<SERVICE>_DATABASE.",
)
OTHER_SHARDS = catalogue(
    "ACC407",
    "the log has another number of shards",
    "The number of shards is fixed when the schema is created. With another number, a sidecar would look for sessions "
    "in the wrong shards, and would never find some.",
    "Run the program with the number of shards that the schema was created with.",
)

ENDED = catalogue(
    "ACC412",
    "Postgres ended what was asked of it",
    "The server was reached, but the statement was cancelled before it was done: by a person, by a shorter timeout "
    "than ours, or by a conflict with another transaction. It had no effect.",
    "Try again. If it is cancelled again, the server's log says by whom.",
)
ENDED_BY = {
    "57014": "the statement was cancelled",
    "55P03": "a lock was not available in time",
    "40001": "it conflicted with another transaction",
    "40P01": "it was in a deadlock with another transaction",
}


@asynccontextmanager
async def readable(dsn: str) -> AsyncIterator[None]:
    """Turn failures inside, while connected to `dsn`, into an OperatorError that hides the address's secrets."""
    try:
        yield
    except LogUnavailable as problem:
        raise OperatorError(ABSENT, f"{address.shown(dsn)}: {problem}") from None
    except faults.FAILURES as problem:
        raise _translated(dsn, problem) from None


def _translated(dsn: str, problem: BaseException) -> BaseException:
    shown = address.shown(dsn)
    for inner in (problem, problem.__cause__):
        state = getattr(inner, "sqlstate", None) or ""
        if of_a_pooler(inner):
            return OperatorError(POOLED, f"{shown} refuses what a direct connection may say")
        if state in ("42P05", "26000"):  # a statement that was prepared on another connection of the server
            return OperatorError(POOLED, f"{shown} changes connections between two statements")
        if state.startswith("28") or state == "42501":
            return OperatorError(NOT_PERMITTED, f"{shown}: {inner}")
        if isinstance(inner, asyncpg.ClientConfigurationError):
            return OperatorError(UNREADABLE, "it has an option or a value that the driver does not know")
        if state == "42704":
            return OperatorError(UNREADABLE, "it has an option that is neither libpq's nor a setting of the server")
        if state in ENDED_BY:
            return OperatorError(ENDED, f"{shown}: {ENDED_BY[state]}")
        if state in ("3D000", "55000", "XX000") or (inner is not None and again(inner)):
            return OperatorError(ABSENT, f"{shown}: {type(inner).__name__}")
    return problem
