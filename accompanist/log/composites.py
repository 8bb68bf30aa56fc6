"""The rows that the SQL function `flush` is given, field by field as `migrations/contract/types.sql` declares them.

The driver sends a composite value by position. So the order of the fields here is that of the type, which a test
compares with the database (`tests/log/test_composites.py`). Rows are made with the names of their fields.

Not promised: that a value fits its column. Postgres and the driver say so when it is sent.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class HeldShard(NamedTuple):
    """`held_shard`: a shard that a commit needs, and the epoch under which the commit was decided."""

    shard: int
    epoch: int


class SessionWrite(NamedTuple):
    """`session_write`: a write of a session's row. `started_at`: seconds since the Unix epoch."""

    session: UUID
    role: str
    shard: int
    open: bool
    parked: bool
    choreography: str
    phase: str
    vote: str | None
    outcome: str | None
    reason: bytes | None
    header: bytes
    body: bytes
    result: bytes | None
    started_at: float
    waiting: str
    retrying: int
    epoch: int
    turn: int


class ResultWrite(NamedTuple):
    """`result_write`: a worker's answer to one call."""

    session: UUID
    role: str
    site: str
    kind: str
    operation: str
    outcome: str
    digest: bytes
    value: bytes


class TimerWrite(NamedTuple):
    """`timer_write`: a timer that is due `seconds` after the commit."""

    session: UUID
    role: str
    site: str
    shard: int
    operation: str
    seconds: float


class MessageTarget(NamedTuple):
    """`message_target`: where the next so many `messages` go. `home`: their receiver's sidecar has them already."""

    schema: str
    messages: int
    home: bool


class MessageWrite(NamedTuple):
    """`message_write`: a message, and the `service` it is for."""

    session: UUID
    site: str
    sender: str
    receiver: str
    kind: str
    header: bytes
    payload: bytes
    context: bytes
    service: str


TYPES: dict[str, type[tuple[object, ...]]] = {
    "held_shard": HeldShard,
    "session_write": SessionWrite,
    "result_write": ResultWrite,
    "timer_write": TimerWrite,
    "message_target": MessageTarget,
    "message_write": MessageWrite,
}
"""By the name of the SQL type."""
