"""Fills the logs and the fences with copies of what some real sagas have left there.

A million sagas take hours; what they leave is rows. The copies differ from the rows of the sagas that were run in
their session's id, and in what is made of it: the shard, and the header of messages and sessions.

Not promised: that the rows lie on the disk as a million sagas would have put them there. The tables are vacuumed
afterwards, as autovacuum would have done meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg

_NEW = "md5(session::text || ' ' || copy)::uuid"
_SHARD = f"('x' || right(({_NEW})::text, 2))::bit(8)::integer % (SELECT shards_count FROM {{schema}}.setting)"  # noqa: S608
"""As `shard_of` has it."""
_HEADER = f"convert_to(replace(convert_from(header, 'UTF8'), session::text, ({_NEW})::text), 'UTF8')"
LOG = ("timer", "result", "inbox", "session")
"""The session last: a sidecar that finds it writes what it lacks, in another order than we do."""
FENCE = ("fence_call", "fence_shut")
_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
ORDER BY attnum
"""
ROWS_AT_ONCE = 20_000
"""Sessions made by one statement."""
STEP_SECONDS = 0.05


class Filling:
    """Copies of the sessions of one choreography that are in the logs now. `schemas`: those of the logs, and of the
    workers."""

    def __init__(self, connection: asyncpg.Connection, schemas: Sequence[str]) -> None:
        self._connection = connection
        self._schemas = schemas
        self._pattern: list[UUID] = []
        self._copied = 0

    async def begin(self, choreography: str, sessions: int) -> None:
        """Take what is there of every session of this choreography as the pattern, once there are so many and nothing
        waits in the inboxes."""
        logs = [schema for schema in self._schemas if await self._is_log(schema)]
        rows = " UNION ".join(f"SELECT session FROM {log}.session WHERE choreography = $1" for log in logs)  # noqa: S608
        waiting = " UNION ALL ".join(f"SELECT session FROM {log}.arrival WHERE NOT early" for log in logs)  # noqa: S608
        while len(self._pattern) < sessions or await self._connection.fetch(waiting):
            await asyncio.sleep(STEP_SECONDS)
            self._pattern = [row[0] for row in await self._connection.fetch(rows, choreography)]

    async def up_to(self, sessions: int) -> None:
        """Copy until there are so many sessions, the pattern included, and vacuum."""
        copies = max(0, sessions // len(self._pattern) - 1)
        await self._connection.execute("SET synchronous_commit = off")
        for schema in self._schemas:
            for table in LOG if await self._is_log(schema) else FENCE:
                await self._copy(schema, table, copies)
        await self._connection.execute("SET synchronous_commit = on")
        self._copied = copies

    async def over(self) -> None:
        """Wait until no session is open in any log."""
        logs = [schema for schema in self._schemas if await self._is_log(schema)]
        still = " UNION ALL ".join(f"SELECT FROM {log}.session WHERE open" for log in logs)
        while await self._connection.fetchval(f"SELECT EXISTS ({still})"):  # noqa: ASYNC110
            await asyncio.sleep(STEP_SECONDS)

    async def _is_log(self, schema: str) -> bool:
        return await self._connection.fetchval("SELECT to_regclass($1)", f"{schema}.setting") is not None

    async def _copy(self, schema: str, table: str, copies: int) -> None:
        made = {"session": _NEW, "shard": _SHARD.format(schema=schema), "header": _HEADER}
        columns = [row[0] for row in await self._connection.fetch(_COLUMNS, f"{schema}.{table}")]
        values = ", ".join(made.get(name, name) for name in columns)
        statement = (
            f"INSERT INTO {schema}.{table} ({', '.join(columns)}) SELECT {values} FROM {schema}.{table},"  # noqa: S608 (names of ours)
            " generate_series($2::integer, $3::integer) AS copy WHERE session = ANY ($1)"
        )
        step = max(1, ROWS_AT_ONCE // len(self._pattern))
        for begin in range(self._copied + 1, copies + 1, step):
            await self._connection.execute(statement, self._pattern, begin, min(begin + step - 1, copies))
        await self._connection.execute(f"VACUUM ANALYZE {schema}.{table}")
