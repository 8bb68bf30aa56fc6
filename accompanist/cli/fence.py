"""`accompanist fence install`: installs the fence in a worker's schema, for workers in any language.

A Python worker can do the same itself (`--install`). Installing again changes nothing. The login owns what is created,
so log in as the worker's own database role, or grant that role the right to use it.
"""

from __future__ import annotations

import asyncio
import os

from accompanist.cli.output import show
from accompanist.errors import OperatorError, catalogue

NO_DATABASE = catalogue(
    "ACC822",
    "no database named",
    "The fence belongs in the worker's own database, but no database was named.",
    "Name it with --database, or in DATABASE_URL: postgresql://user@host/database.",
)


def install(schema: str, database: str, as_json: bool) -> None:
    """Install the fence. Raises OperatorError."""
    dsn = database or os.environ.get("DATABASE_URL", "")
    if not dsn:
        raise OperatorError(NO_DATABASE, f"where is schema {schema}?")
    version = asyncio.run(_install(dsn, schema))
    show({"schema": schema, "version": version}, as_json, f"{schema}: fence of version {version}")


async def _install(dsn: str, schema: str) -> int:
    from accompanist.log import refusals
    from accompanist.worker.fence import VERSION
    from accompanist.worker.provision import provision

    async with refusals.readable(dsn):
        await provision(dsn, schema)
    return VERSION
