"""Reading sessions from the log, in batches, however long the log takes to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from accompanist import limits
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import LogSlow, LogUnavailable, Memory, Phase
from accompanist.runtime.state import UNDOES
from accompanist.runtime.unfenced import UNENDED
from accompanist.sidecar.sessions.freshness import Key, News


class Loader:
    """Hands what was read to `take_up`; of what cannot be read or taken up `give_up` is told, with the reason, and it
    costs no other session."""

    def __init__(
        self,
        log: SessionPort,
        news: News,
        take_up: Callable[[Key, Memory], None],
        give_up: Callable[[Key, BaseException], None],
    ) -> None:
        self._log = log
        self._news = news
        self._take_up = take_up
        self._give_up = give_up

    async def load(self, keys: Sequence[Key], *, whole: bool = False, alone: bool = False) -> None:
        """Load sessions, as many at once as the log answers for, or each `alone` where one of them cannot be read: it
        costs only itself."""
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
        """What is known of the first of these sessions, at least of one. A question that takes the log too long is
        asked in halves: asked again as it was, it would take as long again."""
        some = list(keys)
        while True:
            before = self._news.terms(some)
            try:
                with self._news.leaving() as gone:
                    memories = await self._log.load(some, whole=whole)
                if self._news.terms(some) == before and gone.isdisjoint(some):
                    return memories
                # a shard was another's meanwhile, or a session was in memory and went on: what was read may be from
                # before that
            except LogSlow:
                some = some[: max(1, len(some) // 2)]
                await asyncio.sleep(limits.backoff_first_ms / 1000)
            except LogUnavailable:
                # what waits here is in the inbox and not fresh any more: nobody else will look at it again
                await asyncio.sleep(limits.backoff_first_ms / 1000)

    async def page(self, key: Key, site: str, sender: str) -> Sequence[Message]:
        """Messages of a session that has too many to be loaded: the one of that name first."""
        while True:
            try:
                return await self._log.page(*key, site, sender)
            except LogUnavailable:
                await asyncio.sleep(limits.backoff_first_ms / 1000)


def _needs_all(memory: Memory) -> bool:
    """Whether a session cannot begin without its messages: it has no row, so that they say what it is of; it stands
    still and a person's verb waits to be heard, for which its program may run again from the top; or it goes forward,
    and what is to be done about an undoing, or a call that has not ended, depends on where its program stands."""
    row = memory.session
    if row is None:
        return True
    orders = {message.site for message in memory.inbox if message.kind is Kind.OPERATOR}
    undone = any(message.kind in UNDOES for message in memory.inbox)
    unended = row.parked is not None and row.parked.code == UNENDED
    return (row.parked is not None and not orders <= set(row.verbs)) or (
        row.phase is Phase.RUNNING and (undone or unended)
    )
