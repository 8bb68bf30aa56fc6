"""`accompanist fence install`: the fence in a worker's schema, for workers in any language.

A Python worker can do the same itself (`--install`). It may be done again at any time and changes nothing then. Whoever
logs in owns what is made, so log in as the worker's own database role, or grant that role its use.
"""

from __future__ import annotations

import asyncio
import os

from accompanist.cli.output import show
from accompanist.errors import OperatorError, catalogue

NO_DATABASE = catalogue(
    "ACC822",
    "no database named",
    "The fence belongs into the worker's own database, and nothing says which that is.",
    "Name it with --database, or in DATABASE_URL: postgresql://user@host/database.",
)


def install(schema: str, database: str, as_json: bool) -> None:
    """Raises OperatorError."""
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
