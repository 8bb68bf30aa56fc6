"""Session rows: their columns, and what it means to write one over another.

`vote`, `outcome` and `result` are write-once; a row that is settled or ended keeps its phase; everything else is what
was said last. `merged` says so once for the group commit and the fake; the SQL of `flush()` says the same, and the
conformance suite holds the two together.

A write may be carried out late: the sidecar gave it up, asked again and went on, and what it gave up on waited on its
way. So a row has a place in the order of its writes (`Write`): the epoch of its shard, and the turn that the group
commit counted in that epoch. `follows` says which place comes after which. What else of such a flush cannot harm, and
why, is said in the revision that made `flush()` so.

Free text (reason, what is waited for, why it is parked) is stored as JSON bytes: a worker may say what no text column
takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from accompanist.limits import shards_count
from accompanist.runtime.messages import Header, shard_of
from accompanist.runtime.ports import Commit, Parked, Phase, SessionRow

_OVER = (Phase.SETTLED, Phase.ENDED)


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a session row that no SQL looks into."""

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


encode = msgspec.json.Encoder().encode
decode_header = msgspec.json.Decoder(Header).decode
decode_body = msgspec.json.Decoder(Body).decode
decode_text = msgspec.json.Decoder(str).decode


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


class Write(NamedTuple):
    """A row, and its place in the order of writes. `epoch`: of its shard; 0 where no lease guards it."""

    row: SessionRow
    epoch: int
    turn: int


def follows(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether what was written at `new`, an (epoch, turn), may stand over what was written at `old`. The same place
    again is the same write again. Another epoch is a later one: the fence lets no other pass."""
    return old[0] != new[0] or old[1] <= new[1]


def writes(commits: Sequence[Commit], epochs: Mapping[int, int]) -> dict[tuple[UUID, str], Write]:
    """What all commits of one flush come to, for each session; `epochs` of the shards that they need."""
    made: dict[tuple[UUID, str], Write] = {}
    for commit in commits:
        if (row := commit.session) is None:
            continue
        key = (row.header.session, row.role)
        epoch = 0 if commit.shard is None else epochs[commit.shard]
        made[key] = Write(merged(made[key].row, row) if key in made else row, epoch, commit.turn)
    return made


def columns(write: Write) -> tuple[Any, ...]:
    """In the order of `flush()`'s s_ parameters."""
    row, header = write.row, write.row.header
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
        encode(_body(row)),
        row.result,
        header.started_at,
        searchable(row.waiting),
        min(row.retrying, 2**31 - 1),
        write.epoch,
        write.turn,
    )


def _body(row: SessionRow) -> Body:
    return Body(**{name: getattr(row, name) for name in Body.__struct_fields__})


def searchable(text: str) -> str:
    """What a text column takes of free text."""
    return text.replace("\0", "")


COLUMNS = 18
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
        **{name: getattr(rest, name) for name in Body.__struct_fields__},
    )
