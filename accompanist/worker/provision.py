"""Putting a worker's schema in place: its fence, and its own tables beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from accompanist.worker import fence


async def provision(dsn: str, schema: str, tables: Path | None = None) -> None:
    """Create the schema, the fence, and what the file `tables` says, in one transaction, as the DSN's database role.

    The file names its tables without a schema, and has to be idempotent (IF NOT EXISTS, ON CONFLICT DO NOTHING). A
    worker in another language has tables of its own making and needs the fence alone.
    """
    text = "" if tables is None else await asyncio.to_thread(tables.read_text)
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await fence.install(connection, schema)
            await connection.execute("SELECT set_config('search_path', $1, true)", f"{schema}, pg_temp")
            if text.strip():  # the driver trips over a text without a statement
                await connection.execute(text)
    finally:
        await connection.close()
