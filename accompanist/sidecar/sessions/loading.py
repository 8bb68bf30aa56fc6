"""Loads sessions from the log in batches, and retries until the log answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from accompanist import limits
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import LogSlow, LogUnavailable, Memory, Phase
from accompanist.runtime.session import UNDOES
from accompanist.runtime.unfenced import UNENDED
from accompanist.sidecar.sessions.freshness import Freshness, Key


class Loader:
    """Passes each loaded session to `take_up`. If one cannot be read or taken up, only `give_up` is called for it, with
    the reason."""

    def __init__(
        self,
        log: SessionPort,
        news: Freshness,
        take_up: Callable[[Key, Memory], None],
        give_up: Callable[[Key, BaseException], None],
    ) -> None:
        self._log = log
        self._freshness = news
        self._take_up = take_up
        self._give_up = give_up

    async def load(self, keys: Sequence[Key], *, whole: bool = False, alone: bool = False) -> None:
        """Load sessions, as many at once as the log returns. If one of them cannot be read, each is loaded `alone`, so
        that only that one fails."""
        left = list(keys)
        while left:
            try:
                memories = await self.read(left, whole=whole)
            except Exception as problem:
                if not alone:
                    for key in left:
                        await self.load([key], whole=whole, alone=True)
                    return
                self._give_up(left[0], problem)
                return
            for key, memory in zip(left, memories, strict=False):
                await self._hand_over(key, memory)
            left = left[len(memories) :]

    async def _hand_over(self, key: Key, memory: Memory) -> None:
        try:
            if memory.more and _needs_all(memory):
                [memory] = await self.read([key], whole=True)
            self._take_up(key, memory)
        except Exception as problem:
            self._give_up(key, problem)

    async def read(self, keys: Sequence[Key], *, whole: bool = False) -> Sequence[Memory]:
        """Read the first of these sessions, at least one. If a query times out, the number is halved, because the same
        query would time out again."""
        some = list(keys)
        while True:
            before = self._freshness.terms(some)
            try:
                with self._freshness.leaving() as gone:
                    memories = await self._log.load(some, whole=whole)
                if self._freshness.terms(some) == before and gone.isdisjoint(some):
                    return memories
                # stale if a shard had another owner in between, or a session went on in memory: read again
            except LogSlow:
                some = some[: max(1, len(some) // 2)]
                await asyncio.sleep(limits.backoff_first_ms / 1000)
            except LogUnavailable:
                # keep trying: the waiting messages were taken from the queue already, so nothing else would load them
                await asyncio.sleep(limits.backoff_first_ms / 1000)

    async def page(self, key: Key, site: str, sender: str) -> Sequence[Message]:
        """Read messages of a session that has too many to be loaded, beginning with the one of that name."""
        while True:
            try:
                return await self._log.page(*key, site, sender)
            except LogUnavailable:
                await asyncio.sleep(limits.backoff_first_ms / 1000)


def _needs_all(memory: Memory) -> bool:
    """Whether a session needs its whole inbox. It has no row, so only its messages name its choreography. Or it is
    parked and an operator's verb is pending, for which its program may run again from the top. Or it is running, and an
    abort, or a call that has not ended, has to be judged by where its program stands."""
    row = memory.session
    if row is None:
        return True
    orders = {message.site for message in memory.inbox if message.kind is Kind.OPERATOR}
    undone = any(message.kind in UNDOES for message in memory.inbox)
    unended = row.parked is not None and row.parked.code == UNENDED
    return (row.parked is not None and not orders <= set(row.verbs)) or (
        row.phase is Phase.RUNNING and (undone or unended)
    )
