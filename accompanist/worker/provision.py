"""Creates a worker's schema: the fence, and the worker's own tables."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from accompanist import limits
from accompanist.log import address, settings
from accompanist.worker import fence


async def provision(dsn: str, schema: str, tables: Path | None = None) -> None:
    """Create the schema and the fence, and run the SQL file `tables`, in one transaction, as the DSN's database role.

    The file names its tables without a schema, and must be idempotent (IF NOT EXISTS, ON CONFLICT DO NOTHING). A worker
    in another language creates its own tables and only needs the fence.
    """
    text = "" if tables is None else await asyncio.to_thread(tables.read_text)
    told = {**settings.INSTALL, "application_name": f"accompanist install {schema}"}
    connection = await asyncpg.connect(**address.for_driver(dsn, limits.worker_connect_ms / 1000), server_settings=told)
    try:
        await settings.complete(connection)
        async with connection.transaction():
            await fence.install(connection, schema)
            await connection.execute("SELECT set_config('search_path', $1, true)", f"{schema}, pg_temp")
            if text.strip():  # the driver fails on a text without a statement
                await connection.execute(text)
    finally:
        await connection.close()
