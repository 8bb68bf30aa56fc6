"""The oracle outside of the protocol: what a worker's operations have really done, told by their own records.

    postgresql:...       the table `ledger` (drawer text, operation text) in the worker's schema
    anything else        a file of JSON lines: {"drawer": "…", "operation": "put"}

An operation writes one row each time it acts; nothing in it may be unique, or what is done twice could not be seen.
Rows are for good at the moment the call is answered.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Protocol

import asyncpg

from accompanist.errors import OperatorError, catalogue
from accompanist.log import settings
from accompanist.worker.identifiers import schema_name

UNREADABLE = catalogue(
    "ACC531",
    "the worker's ledger cannot be read",
    "The suite compares a worker's answers with what it has done: rows (drawer, operation) of a table, or lines of a "
    "file.",
    "Give the database or file that the worker writes with --ledger, or leave it out: then answers alone are judged.",
)


class Ledger(Protocol):
    """Where the effects are."""

    async def of(self, drawer: str) -> Counter[str]:
        """How often each operation has acted on a drawer. Raises OperatorError."""
        ...


class FileLedger:
    """Lines of a file, which may not be there before the first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def of(self, drawer: str) -> Counter[str]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
            rows = [json.loads(line) for line in lines if line.strip()]
            return Counter(row["operation"] for row in rows if row["drawer"] == drawer)
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise OperatorError(UNREADABLE, f"{self._path}: {type(problem).__name__}") from None


class TableLedger:
    """Rows of a table."""

    def __init__(self, dsn: str, schema: str) -> None:
        self._dsn = dsn
        self._query = f"SELECT operation, count(*) AS n FROM {schema_name(schema)}.ledger WHERE drawer = $1 GROUP BY 1"  # noqa: S608

    async def of(self, drawer: str) -> Counter[str]:
        try:
            connection = await asyncpg.connect(self._dsn, server_settings=dict(settings.LOG))
            try:
                rows = await connection.fetch(self._query, drawer)
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as problem:
            # not the DSN: it holds a password
            raise OperatorError(UNREADABLE, f"the database of the ledger: {type(problem).__name__}") from None
        return Counter({row["operation"]: row["n"] for row in rows})


def open_ledger(place: str, schema: str) -> Ledger:
    """The ledger at a place, which says by its beginning what it is. Raises OperatorError."""
    if place.startswith(("postgresql:", "postgres:")):
        return TableLedger(place, schema)
    return FileLedger(Path(place))
