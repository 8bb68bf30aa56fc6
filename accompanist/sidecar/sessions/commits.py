"""Converts bursts and session rows into commits of the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Commit, Delivery, InboxEntry, TimerRow
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import shard_of


class Committer(Protocol):
    """The group commit: `log.group.Flusher`."""

    async def commit(self, commit: Commit) -> Sequence[Delivery]: ...


def row_of(session: Session, timers: Sequence[TimerRow] = (), heard: tuple[InboxEntry, ...] = ()) -> Commit:
    """A commit of a session's present row, under the epoch under which it was loaded."""
    return Commit(
        shard=shard_of(session.header.session),
        epoch=session.epoch,
        life=session.life,
        session=session.durable_row,
        timers=tuple(timers),
        heard=heard,
    )


def commit_of(
    session: Session,
    burst: Burst,
    messages: Iterable[Message],
    service: str,
    timers: Sequence[TimerRow],
    heard: tuple[InboxEntry, ...] = (),
) -> Commit:
    """The commit of a burst, under the epoch under which its session was loaded. Messages for roles of the same service
    are `home`: they are also handed over in memory."""
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
        heard=heard,
    )
