"""Result rows: a worker's answer to one call, write-once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accompanist.runtime.ports import ResultKind, ResultRow

COLUMNS = 8
# In the order `from_columns` reads them.
STORED = "role, site, kind, operation, outcome, digest, value"


def columns(row: ResultRow) -> tuple[Any, ...]:
    """In the order of `flush()`'s r_ parameters."""
    return (row.session, row.role, row.site, row.kind.value, row.operation, row.outcome, row.digest, row.value)


def from_columns(session: UUID, stored: Sequence[Any]) -> ResultRow:
    """The row that was written, from the columns of STORED."""
    role, site, kind, operation, outcome, digest, value = stored
    return ResultRow(
        session=session,
        role=role,
        site=site,
        kind=ResultKind(kind),
        operation=operation,
        digest=digest,
        outcome=outcome,
        value=value,
    )
