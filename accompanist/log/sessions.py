"""Session rows: their columns, and what it means to write one over another.

`vote`, `outcome` and `result` are write-once; a row that is settled or ended keeps its phase; everything else is what
was said last. `merged` says so once for the group commit and the fake; the SQL of `flush()` says the same, and the
conformance suite holds the two together.

Free text (reason, what is waited for, why it is parked) is stored as JSON bytes: a worker may say what no text column
takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from accompanist.limits import shards_count
from accompanist.runtime.messages import Header, shard_of
from accompanist.runtime.ports import Executed, Parked, Phase, SessionRow, SessionSummary

_OVER = (Phase.SETTLED, Phase.ENDED)


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a session row that no SQL looks into."""

    contacts: tuple[str, ...] = ()
    undo: tuple[Executed, ...] = ()
    parked: Parked | None = None
    waiting: str = ""
    context: dict[str, str] = {}
    verbs: tuple[str, ...] = ()


encode = msgspec.json.Encoder().encode
decode_header = msgspec.json.Decoder(Header).decode
_decode_body = msgspec.json.Decoder(Body).decode
_decode_text = msgspec.json.Decoder(str).decode


def is_open(row: SessionRow) -> bool:
    """Neither settled nor ended: recovery looks at it."""
    return row.outcome is None and row.phase not in _OVER


def merged(old: SessionRow, new: SessionRow) -> SessionRow:
    """What the log holds after `new` was written over `old`."""
    return msgspec.structs.replace(
        new,
        header=old.header,
        phase=new.phase if is_open(old) else old.phase,
        vote=old.vote or new.vote,
        outcome=old.outcome or new.outcome,
        reason=new.reason if old.outcome is None else old.reason,
        result=new.result if old.result is None else old.result,
    )


def columns(row: SessionRow) -> tuple[Any, ...]:
    """In the order of `flush()`'s s_ parameters."""
    header = row.header
    return (
        header.session,
        row.role,
        shard_of(header.session, shards_count),
        is_open(row),
        row.parked is not None,
        header.choreography,
        row.phase.value,
        row.vote,
        row.outcome,
        None if row.reason is None else encode(row.reason),
        encode(header),
        encode(Body(row.contacts, row.undo, row.parked, row.waiting, row.context, row.verbs)),
        row.result,
        header.started_at,
    )


COLUMNS_COUNT = 14
# In the order `from_columns` reads them.
STORED = "role, phase, vote, outcome, reason, header, body, result"


def from_columns(stored: tuple[Any, ...]) -> SessionRow:
    """The row that was written, from the columns of STORED."""
    role, phase, vote, outcome, reason, header, body, result = stored
    rest = _decode_body(body)
    return SessionRow(
        header=decode_header(header),
        role=role,
        phase=Phase(phase),
        vote=vote,
        outcome=outcome,
        reason=None if reason is None else _decode_text(reason),
        contacts=rest.contacts,
        undo=rest.undo,
        result=result,
        parked=rest.parked,
        waiting=rest.waiting,
        context=rest.context,
        verbs=rest.verbs,
    )


def summary(record: Mapping[str, Any]) -> SessionSummary:
    """A line of `sessions list` from a row of SUMMARIES."""
    rest = _decode_body(record["body"])
    reason = record["reason"]
    return SessionSummary(
        session=record["session"],
        role=record["role"],
        choreography=record["choreography"],
        phase=Phase(record["phase"]),
        outcome=record["outcome"],
        reason=None if reason is None else _decode_text(reason),
        parked=rest.parked,
        waiting=rest.waiting,
        started_at=record["started_at"],
        updated_at=record["updated_at"].timestamp(),
    )


NEWEST = """
SELECT session, role, choreography, phase, outcome, reason, body, started_at, updated_at FROM session
WHERE ($1::text IS NULL OR outcome = $1) AND ($2::boolean IS NULL OR parked = $2)
ORDER BY started_at DESC, session, role LIMIT $3"""

OF_SESSION = """
SELECT session, role, choreography, phase, outcome, reason, body, started_at, updated_at FROM session
WHERE session = $4 AND ($1::text IS NULL OR outcome = $1) AND ($2::boolean IS NULL OR parked = $2)
ORDER BY role LIMIT $3"""
