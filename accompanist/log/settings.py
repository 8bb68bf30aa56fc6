"""The Postgres settings that our statements depend on, set on every connection that we open.

An administrator may have chosen other values for a role, a database or the server, for the sake of other programs.

`LOG` is for connections that only we use. `WORKER` is for connections on which a worker's own statements run beside the
fence. There we leave alone what changes the meaning or the plan of those statements (time zone, planner); the fence
does not depend on it.

A direct connection sets them when it connects (`connection.connect`, `open_pool`), so that a RESET goes back to them.
Behind a pooler in transaction mode, each transaction sets them (`pooler`). Settings that only newer versions of
Postgres know are set afterwards (`later`), because an older server would refuse the connection.

Not on the list, because our logins may not set them: fsync and its like, which belong to the server (`log.server`);
session_replication_role, plpgsql.variable_conflict. Nor are memory settings, and those of the server's own log file.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from accompanist import limits

_COMMITS = {
    # after waiting for a lock, a stricter level would read an old snapshot; see worker/fence.sql, and the log's fence()
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "synchronous_commit": "on",
    "idle_session_timeout": "0",  # a pooled connection may stay idle
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
    # JIT compiles plans of high estimated cost; ours only have one by misestimate, and compiling takes a second each
    # time
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
    "lock_timeout": "0",  # the functions of the log set their own lock timeouts
}
LOG: Mapping[str, str] = {**_COMMITS, **_MEANING, **_PLANS, **_WAITS}

PATIENT: Mapping[str, str] = {**LOG, **dict.fromkeys(_WAITS, "0")}
"""For migrations, which may take long on large tables: no timeouts."""

OBSERVED = ("default_transaction_isolation", "synchronous_commit")
LOOKING: Mapping[str, str] = {name: value for name, value in LOG.items() if name not in OBSERVED}
"""For `doctor`: leaves OBSERVED alone, to see the values that other programs get by default."""

WORKER: Mapping[str, str] = {
    **_COMMITS,
    "statement_timeout": str(limits.worker_statement_ms),
    "idle_in_transaction_session_timeout": str(limits.worker_idle_in_transaction_ms),
    "lock_timeout": str(limits.worker_lock_wait_ms),
}

INSTALL: Mapping[str, str] = {**WORKER, **dict.fromkeys(_WAITS, "0")}
"""For creating a worker's tables: no timeouts, either."""

_LATER = ((17, "transaction_timeout", "0"),)


def of(name: str, schema: str | None = None, stating: Mapping[str, str] = LOG) -> dict[str, str]:
    """The settings that a connection sends when it connects. With the search path set, no statement has to name a
    schema. pg_temp is named last, because Postgres would search it first otherwise: a temporary table that a
    neighbour's `deliver()` created in our session would then hide a table of ours."""
    return {**stating, "application_name": name, "search_path": f"{schema or 'pg_catalog'}, pg_temp"}


def later(connection: asyncpg.Connection) -> Mapping[str, str]:
    """The settings that only this connection's newer server knows."""
    version = connection.get_server_version().major
    return {name: value for since, name, value in _LATER if version >= since}


async def complete(connection: asyncpg.Connection) -> None:
    """Set what could not be set when connecting."""
    for name, value in later(connection).items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
