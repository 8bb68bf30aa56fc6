"""Result rows: a worker's answer to one call, write-once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accompanist.log.composites import ResultWrite
from accompanist.runtime.ports import ResultKind, ResultRow

# In the order `from_columns` reads them.
STORED = "role, site, kind, operation, outcome, digest, value"


def record(row: ResultRow) -> ResultWrite:
    """The row as `flush` is given it."""
    return ResultWrite(
        session=row.session,
        role=row.role,
        site=row.site,
        kind=row.kind.value,
        operation=row.operation,
        outcome=row.outcome,
        digest=row.digest,
        value=row.value,
    )


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
