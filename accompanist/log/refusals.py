"""What an operator has to mend before a log can be used: the codes, and how Postgres's own refusals become them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError

from accompanist import limits
from accompanist.errors import OperatorError, catalogue
from accompanist.log import address, faults
from accompanist.log.address import POOLED, UNREADABLE
from accompanist.log.connection import again, of_a_pooler
from accompanist.runtime.ports import LogUnavailable

ABSENT = catalogue(
    "ACC401",
    "Postgres cannot be reached",
    "The log lives in Postgres; without it nothing can be promised, so nothing is started.",
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
    "The service's schema is missing, or of an earlier revision than this program needs.",
    "Run `accompanist migrate` (the first time with `--bootstrap`).",
)
TOO_NEW = catalogue(
    "ACC404",
    "the log is of a later revision",
    "The schema was migrated by a later program; this one does not know what its tables mean now.",
    "Run the later program, or migrate the schema down with it first.",
)
NOT_PERMITTED = catalogue(
    "ACC405",
    "Postgres refuses",
    "The login may not do what was asked of it: each service's roles have the least rights they can work with.",
    "Bootstrap and migrate as a login that may create roles; run a sidecar as `<service>_sidecar`.",
)
OTHER_SERVICE = catalogue(
    "ACC406",
    "the schema belongs to another service",
    "A schema is the memory of one service. Two services that shared one would take each other's messages.",
    "Give each service a schema of its own in accompanist.toml.",
)

OTHER_LOGIN = catalogue(
    "ACC411",
    "not the login of the service's sidecar",
    "A log knows which service speaks to it by the login alone, never by what it says of itself. What another login "
    "hands in counts as nobody's, and would be refused message by message.",
    "Log in as SERVICE_sidecar. `accompanist migrate --bootstrap --database ADDRESS` makes that login, without a "
    "password; then name it in `database` of [service.SERVICE], or in ACCOMPANIST_SERVICE_<SERVICE>_DATABASE.",
)
OTHER_SHARDS = catalogue(
    "ACC407",
    "the log has another number of shards",
    "Sessions belong to shards by a number that is fixed when the schema is made. With another number a sidecar would "
    "look for them in the wrong shards and never find some.",
    "Run the program with the number of shards the schema was made with.",
)

ENDED = catalogue(
    "ACC412",
    "Postgres ended what was asked of it",
    "The server was reached, and somebody or something ended the statement before it was done: a person, a time-out "
    "that stands over ours, or another transaction in the way. Nothing of it has happened.",
    "Do it again; if it ends so again, look in the server's log for who ends it.",
)
ENDED_BY = {
    "57014": "the statement was cancelled",
    "55P03": "a lock was not to be had in time",
    "40001": "another transaction was first",
    "40P01": "two transactions waited for each other",
}


@asynccontextmanager
async def readable(dsn: str) -> AsyncIterator[None]:
    """What goes wrong inside while reaching `dsn` becomes an OperatorError, without the address's secrets."""
    try:
        yield
    except LogUnavailable as problem:
        raise OperatorError(ABSENT, f"{address.shown(dsn)}: {problem}") from None
    except DBAPIError as problem:
        raise _translated(
            dsn, getattr(problem.orig, "driver_exception", None) or problem.__cause__ or problem
        ) from None
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
