"""Reading sessions from the log, in batches, however long the log takes to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from accompanist import limits
from accompanist.runtime.ports import Log, LogUnavailable, Memory
from accompanist.sidecar.news import Key, News


class Loader:
    """Hands what was read to `take_up`; of what cannot be read or taken up `give_up` is told, with the reason, and it
    costs no other session."""

    def __init__(
        self,
        log: Log,
        news: News,
        take_up: Callable[[Key, Memory], None],
        give_up: Callable[[Key, BaseException], None],
    ) -> None:
        self._log = log
        self._news = news
        self._take_up = take_up
        self._give_up = give_up

    async def load(self, keys: Sequence[Key]) -> None:
        """Load sessions, all at once, or each alone where one of them cannot be read: it costs only itself."""
        try:
            memories = await self.read(keys)
        except Exception as problem:
            if len(keys) > 1:
                for key in keys:
                    await self.load([key])
                return
            self._give_up(keys[0], problem)
            return
        for key, memory in zip(keys, memories, strict=True):
            try:
                self._take_up(key, memory)
            except Exception as problem:
                self._give_up(key, problem)

    async def read(self, keys: Sequence[Key]) -> Sequence[Memory]:
        while True:
            before = self._news.terms(keys)
            try:
                with self._news.leaving() as gone:
                    memories = await self._log.load(keys)
                if self._news.terms(keys) == before and gone.isdisjoint(keys):
                    return memories
                # a shard was another's meanwhile, or a session was in memory and went on: what was read may be from
                # before that
            except LogUnavailable:
                # what waits here is in the inbox and not fresh any more: nobody else will look at it again
                await asyncio.sleep(limits.backoff_first_ms / 1000)
