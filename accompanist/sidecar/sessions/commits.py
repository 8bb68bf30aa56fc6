"""What a burst is to the log: one commit, shared with the bursts of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Commit, Delivery, TimerRow
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import shard_of


class Committer(Protocol):
    """The group commit: `log.group.Flusher`."""

    async def commit(self, commit: Commit) -> Sequence[Delivery]: ...


def row_of(session: Session, timers: Sequence[TimerRow] = ()) -> Commit:
    """A session as it stands, under the epoch that it was taken up under."""
    return Commit(
        shard=shard_of(session.header.session),
        epoch=session.epoch,
        life=session.life,
        session=session.durable_row,
        timers=tuple(timers),
    )


def commit_of(
    session: Session, burst: Burst, messages: Iterable[Message], service: str, timers: Sequence[TimerRow]
) -> Commit:
    """All that a burst of a session writes, under the epoch that the session was taken up under. Messages for roles of
    the same service are at home: handed over in memory, too."""
    away: list[Message] = []
    home: list[Message] = []
    for message in messages:
        here = message.header.bindings.get(message.receiver) == service
        (home if here else away).append(message)
    return Commit(
        shard=shard_of(session.header.session),
        epoch=session.epoch,
        life=session.life,
        session=burst.row,
        results=burst.results,
        messages=tuple(away),
        home=tuple(home),
        timers=(*burst.timers, *timers),
    )
