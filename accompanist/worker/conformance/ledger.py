"""The ledger: the worker's own record of its effects, which the suite compares with its answers.

    postgresql:...       the table `ledger` (drawer text, operation text) in the worker's schema
    anything else        a file of JSON lines: {"drawer": "…", "operation": "put"}

An operation writes one row each time it executes. The table must have no unique key, or a duplicate execution would not
be visible. Rows must be durable when the call is answered.
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
    "The suite compares a worker's answers with its recorded effects: rows (drawer, operation) of a table, or lines of "
    "a file.",
    "With --ledger, name the database or file that the worker writes; or leave it out, and only answers are judged.",
)


class LedgerSource(Protocol):
    """A source of recorded effects."""

    async def of(self, drawer: str) -> Counter[str]:
        """How often each operation was executed on a drawer. Raises OperatorError."""
        ...


class FileLedger:
    """A ledger in a file, which may be missing before the first effect."""

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
    """A ledger in a table."""

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
            # do not show the DSN, which holds a password
            raise OperatorError(UNREADABLE, f"the database of the ledger: {type(problem).__name__}") from None
        return Counter({row["operation"]: row["n"] for row in rows})


def open_ledger(place: str, schema: str) -> LedgerSource:
    """Open a ledger; the prefix of `place` says whether it is a table or a file. Raises OperatorError."""
    if place.startswith(("postgresql:", "postgres:")):
        return TableLedger(place, schema)
    return FileLedger(Path(place))
