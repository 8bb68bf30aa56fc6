"""Every setting of Postgres that our statements depend on, and what each has to be: one list, stated on each connection
that we open. Whoever administers a server may have chosen otherwise for a role, a database or all of it, for programs
that are not ours.

`LOG` is for connections that only we use, `WORKER` for those that a worker's own statements share with the fence: what
changes the meaning or the plan of those (time zone, planner) is their author's and the administrator's, and is left
alone there; the fence depends on none of it.

A direct connection states them when it begins (`connection.connect`, `open_pool`), so that a RESET goes back to them;
behind a pooler in transaction mode each transaction does (`pooler`). What only later versions of Postgres know cannot
be stated at the beginning, where an older one would refuse it: `later` has it.

Not on the list, because no login of ours may set it: fsync and its like, which are the server's (`log.server`);
session_replication_role, plpgsql.variable_conflict. Not either: memory and what is written to the server's own log.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from accompanist import limits

_COMMITS = {
    # a stricter level would read from before the lock that was waited for; see worker/fence.sql, and fence() of the log
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "synchronous_commit": "on",
    "idle_session_timeout": "0",  # a connection of a pool may rest
    "row_security": "on",
}
_MEANING = {
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "plpgsql.extra_errors": "none",
}
_PLANS = {
    # a plan is compiled where its cost is high, which for us it is by mistake only: it takes a second, each time
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "auto",
    "enable_bitmapscan": "on",
    "enable_hashagg": "on",
    "enable_hashjoin": "on",
    "enable_indexonlyscan": "on",
    "enable_indexscan": "on",
    "enable_material": "on",
    "enable_mergejoin": "on",
    "enable_nestloop": "on",
    "enable_seqscan": "on",
    "enable_sort": "on",
    "enable_tidscan": "on",
    "join_collapse_limit": "8",
    "from_collapse_limit": "8",
    "seq_page_cost": "1",
    "random_page_cost": "0.1",
    "cpu_tuple_cost": "0.01",
    "cpu_index_tuple_cost": "0.005",
    "cpu_operator_cost": "0.0025",
}
_WAITS = {
    "statement_timeout": str(limits.log_statement_ms),
    "idle_in_transaction_session_timeout": str(limits.log_statement_ms),
    "lock_timeout": "0",  # the functions of the log say themselves how long they wait
}
LOG: Mapping[str, str] = {**_COMMITS, **_MEANING, **_PLANS, **_WAITS}

PATIENT: Mapping[str, str] = {**LOG, **dict.fromkeys(_WAITS, "0")}
"""For migrations, which take as long as the tables are big."""

OBSERVED = ("default_transaction_isolation", "synchronous_commit")
LOOKING: Mapping[str, str] = {name: value for name, value in LOG.items() if name not in OBSERVED}
"""For `doctor`, which is to see what others are given who state nothing."""

WORKER: Mapping[str, str] = {
    **_COMMITS,
    "statement_timeout": str(limits.worker_statement_ms),
    "idle_in_transaction_session_timeout": str(limits.worker_idle_in_transaction_ms),
    "lock_timeout": str(limits.worker_lock_wait_ms),
}

INSTALL: Mapping[str, str] = {**WORKER, **dict.fromkeys(_WAITS, "0")}
"""For making a worker's tables, likewise."""

_LATER = ((17, "transaction_timeout", "0"),)


def of(name: str, schema: str | None = None, stating: Mapping[str, str] = LOG) -> dict[str, str]:
    """What a connection states when it begins. The search path makes every statement a constant. Temporary tables come
    last in it: not named, they would come first, and one that a neighbour's function made in our session, while a
    message was handed over to it, would be read in the place of a table of ours."""
    return {**stating, "application_name": name, "search_path": f"{schema or 'pg_catalog'}, pg_temp"}


def later(connection: asyncpg.Connection) -> Mapping[str, str]:
    """What the server of this connection knows besides."""
    version = connection.get_server_version().major
    return {name: value for since, name, value in _LATER if version >= since}


async def complete(connection: asyncpg.Connection) -> None:
    """State what could not be stated at the beginning."""
    for name, value in later(connection).items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
