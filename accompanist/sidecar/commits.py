"""What a burst is to the log: one commit, shared with the bursts of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Commit, Delivery, TimerRow
from accompanist.sidecar.news import shard_of


class Committer(Protocol):
    """The group commit: `log.group.Flusher`."""

    async def commit(self, commit: Commit) -> Sequence[Delivery]: ...


def commit_of(burst: Burst, messages: Iterable[Message], service: str, timers: Sequence[TimerRow]) -> Commit:
    """All that a burst writes. Messages for roles of the same service are at home: handed over in memory, too."""
    away: list[Message] = []
    home: list[Message] = []
    for message in messages:
        here = message.header.bindings.get(message.receiver) == service
        (home if here else away).append(message)
    return Commit(
        shard=shard_of(burst.row.header.session),
        session=burst.row,
        results=burst.results,
        messages=tuple(away),
        home=tuple(home),
        timers=(*burst.timers, *timers),
    )
