"""Writes tombstones for aborts and cancels of unknown sessions (`runtime.tombstone`).

Tombstones are written in batches of bounded size; for those that wait, only the message is in memory. Until the
tombstone is written, other messages for its session stay in the inbox; after that they begin nothing. If a tombstone
cannot be written, its shard is swept again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import islice

from accompanist import limits
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Commit, LeaseLost, LogUnavailable, SessionRow
from accompanist.runtime.tombstone import tombstone
from accompanist.sidecar.sessions.commits import Committer
from accompanist.sidecar.sessions.freshness import Key, shard_of
from accompanist.sidecar.sessions.tasks import Tasks


class Tombstones:
    """The tombstones to be written. `written` is called with each row that is in the log, `lost` for one that could not
    be written now, `refused` for one that the log refused."""

    def __init__(
        self,
        committer: Committer,
        tasks: Tasks,
        written: Callable[[SessionRow], None],
        lost: Callable[[Key], None],
        refused: Callable[[Key, BaseException], None],
    ) -> None:
        self._committer = committer
        self._tasks = tasks
        self._written = written
        self._lost = lost
        self._refused = refused
        self._waiting: dict[Key, tuple[Message, RoleProgram, int | None]] = {}
        self._writing = False

    def leave(self, message: Message, program: RoleProgram, epoch: int | None) -> None:
        """Leave a tombstone instead of beginning a session with this message, under the `epoch` of its shard."""
        self._waiting[message.session, message.receiver] = (message, program, epoch)
        if not self._writing:
            self._writing = True
            self._tasks.spawn([], self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                some = dict(islice(self._waiting.items(), limits.flush_bursts_max))
                ends = await asyncio.gather(*(self._leave(*one) for one in some.values()), return_exceptions=True)
                for key, end in zip(some, ends, strict=True):
                    del self._waiting[key]
                    if isinstance(end, LeaseLost | LogUnavailable):
                        self._lost(key)
                    elif isinstance(end, BaseException):
                        self._refused(key, end)
                    else:
                        self._written(end)
        finally:
            self._writing = False

    async def _leave(self, message: Message, program: RoleProgram, epoch: int | None) -> SessionRow:
        row, said = tombstone(message, program)
        await self._committer.commit(Commit(shard=shard_of(message.session), epoch=epoch, session=row, messages=said))
        return row
