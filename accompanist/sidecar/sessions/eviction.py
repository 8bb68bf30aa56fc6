"""Eviction: which sessions leave memory although they are open.

    idle     the oldest of those that wait for a message, when there are more sessions than memory is to hold
    dormant  each one that waits for time or for an event, once all of it is in the log

The next message, timer or event loads an evicted session again, by replay. None leaves while a commit or a deferred row
of it is under way.

Not promised: that memory holds at most `sessions_in_memory_max`. Sessions that are at work stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from accompanist import limits
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Memory
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import Key
from accompanist.sidecar.sessions.holding import Holding
from accompanist.sidecar.sessions.residence import ResidenceMove
from accompanist.sidecar.sessions.tasks import Tasks


class Arrive(Protocol):
    """Gives a message that is in the inbox to its session (`driver`)."""

    def __call__(self, message: Message, *, known: bool) -> None: ...


class Eviction:
    """Evicts the sessions of `holding`. `under_way`: whether a commit or a deferred row of a session is;
    `memory_of`: what the log has of one."""

    def __init__(
        self,
        holding: Holding,
        tasks: Tasks,
        under_way: Callable[[Key], bool],
        memory_of: Callable[[Key], Awaitable[Memory]],
        arrive: Arrive,
    ) -> None:
        self._holding = holding
        self._tasks = tasks
        self._under_way = under_way
        self._memory_of = memory_of
        self._arrive = arrive
        self._above = 0

    def make_room(self) -> None:
        """Evict idle sessions, the oldest first, when there are too many in memory."""
        live = self._holding.residences.live
        if len(live) <= max(limits.sessions_in_memory_max, self._above):
            return
        for key, session in list(live.items())[: limits.sessions_in_memory_max // 10 + 1]:
            # a session that is over leaves by itself once its last commit is done
            under_way = self._under_way(key) or session.awaited_message is not None
            if session.idle and not session.final and not under_way:
                self._holding.drop(session, ResidenceMove.EVICT)
        # if none could be evicted, do not search again at once
        self._above = len(live) + limits.sessions_in_memory_max // 20

    def rest(self, session: Session) -> None:
        """Let a dormant session leave, if all of it is in the log."""
        if session.rests and self._holding.residences.is_live(session):
            if session.listens:
                self._tasks.spawn([session.key], self._look(session))
            else:
                self._leave(session)

    async def _look(self, session: Session) -> None:
        """Check the inbox for an event that came before its session. Later events find the session or its row."""
        memory = await self._memory_of(session.key)
        for message in memory.inbox:
            if message.kind is Kind.EVENT and self._holding.residences.is_live(session):
                self._arrive(message, known=True)
        self._leave(session)

    def _leave(self, session: Session) -> None:
        # the session may have gone on while the log was asked
        if session.rests and not self._under_way(session.key):
            self._holding.drop(session)
