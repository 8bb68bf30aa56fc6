"""Session rows: their columns, and the rules for overwriting one.

`vote`, `outcome` and `result` are write-once. A settled or ended row keeps its phase. In all other columns the last
write wins. `merged` implements this for the group commit and the fake, and the SQL of `flush()` does the same;
`tests/log` compares the two.

A write may be carried out late: the sidecar gave it up, retried and went on, while the first statement was still on its
way. So each write has a place in an order (`Write`): the epoch of its shard, and the turn that the group commit counted
in that epoch. `follows` compares two places. The revision that changed `flush()` says why the rest of a late flush is
harmless.

Free text (the reason, `waiting`, why it is parked) is stored as JSON bytes, because a worker may send characters that
no text column takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from accompanist.limits import shards_count
from accompanist.log.composites import SessionWrite
from accompanist.log.wakeups import LastBytes
from accompanist.runtime.messages import Header, last_byte, shard_of
from accompanist.runtime.ports import Commit, Parked, Phase, SessionRow

_OVER = (Phase.SETTLED, Phase.ENDED)


class SessionBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of a session row that no SQL reads."""

    contacts: tuple[str, ...] = ()
    parked: Parked | None = None
    waiting: str = ""
    context: dict[str, str] = {}
    verbs: tuple[str, ...] = ()
    retrying: int = 0
    granted: str | None = None
    asked: str | None = None
    by_hand: tuple[tuple[str, str], ...] = ()
    left: bool = False
    trouble: str = ""
    hosted: str | None = None
    let_go_at: float | None = None


_of_body = attrgetter(*SessionBody.__struct_fields__)
encode = msgspec.json.Encoder().encode
decode_header = msgspec.json.Decoder(Header).decode
decode_body = msgspec.json.Decoder(SessionBody).decode
decode_text = msgspec.json.Decoder(str).decode


def is_open(row: SessionRow) -> bool:
    """Whether a session is neither settled nor ended, so that recovery loads it."""
    return row.outcome is None and row.phase not in _OVER


def merged(old: SessionRow, new: SessionRow) -> SessionRow:
    """The row that the log holds after `new` was written over `old`."""
    return msgspec.structs.replace(
        new,
        header=old.header,
        phase=new.phase if is_open(old) else old.phase,
        vote=old.vote or new.vote,
        outcome=old.outcome or new.outcome,
        reason=new.reason if old.outcome is None else old.reason,
        result=new.result if old.result is None else old.result,
    )


class OrderedWrite(NamedTuple):
    """A row, and its place in the order of writes. `epoch`: of its shard; 0 for a write without a lease."""

    row: SessionRow
    epoch: int
    turn: int


def follows(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether a write at `new`, an (epoch, turn), may overwrite one at `old`. The same place means the same write,
    repeated. Another epoch is always a later one, because the fence refuses earlier ones."""
    return old[0] != new[0] or old[1] <= new[1]


def writes(commits: Sequence[Commit], epochs: Mapping[int, int]) -> dict[tuple[UUID, str], OrderedWrite]:
    """The commits of one flush, merged to one write per session. `epochs`: of the shards that they need."""
    made: dict[tuple[UUID, str], OrderedWrite] = {}
    for commit in commits:
        if (row := commit.session) is None:
            continue
        key = (row.header.session, row.role)
        epoch = 0 if commit.shard is None else epochs[commit.shard]
        made[key] = OrderedWrite(merged(made[key].row, row) if key in made else row, epoch, commit.turn)
    return made


def ended(made: Mapping[tuple[UUID, str], OrderedWrite]) -> LastBytes:
    """The sessions whose initiator has voted or is over, by these writes: what clients wait for."""
    rows = [write.row for write in made.values() if write.row.vote is not None or write.row.outcome is not None]
    return frozenset(last_byte(row.header.session) for row in rows if row.role == row.header.initiator)


def record(write: OrderedWrite) -> SessionWrite:
    """The write as `flush` is given it."""
    row, header = write.row, write.row.header
    return SessionWrite(
        session=header.session,
        role=row.role,
        shard=shard_of(header.session, shards_count),
        open=is_open(row),
        parked=row.parked is not None,
        choreography=header.choreography,
        phase=row.phase.value,
        vote=row.vote,
        outcome=row.outcome,
        reason=None if row.reason is None else encode(row.reason),
        header=encode(header),
        body=encode(_body(row)),
        result=row.result,
        started_at=header.started_at,
        waiting=searchable(row.waiting),
        retrying=min(row.retrying, 2**31 - 1),
        epoch=write.epoch,
        turn=write.turn,
    )


def _body(row: SessionRow) -> SessionBody:
    return SessionBody(*_of_body(row))


def searchable(text: str) -> str:
    """Free text without zero bytes, which no text column takes."""
    return text.replace("\0", "")


# In the order `from_columns` reads them.
STORED = "role, phase, vote, outcome, reason, header, body, result"


def from_columns(stored: tuple[Any, ...]) -> SessionRow:
    """The row that was written, from the columns of STORED."""
    role, phase, vote, outcome, reason, header, body, result = stored
    rest = decode_body(body)
    return SessionRow(
        header=decode_header(header),
        role=role,
        phase=Phase(phase),
        vote=vote,
        outcome=outcome,
        reason=None if reason is None else decode_text(reason),
        result=result,
        **{name: getattr(rest, name) for name in SessionBody.__struct_fields__},
    )
