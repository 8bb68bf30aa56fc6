"""Aborts and cancels of sessions that are unknown here: each becomes a row that is over, in a commit shared with
others, and no session in memory (`runtime.tombstone`).

While a tombstone is being committed, what comes for its session is left in the inbox. Once it is there, that begins
nothing. If it cannot be written, the shard is swept, and all that is in the inbox is looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from accompanist.language.program import RoleProgram
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Commit, LeaseLost, LogUnavailable, SessionRow
from accompanist.runtime.tombstone import tombstone
from accompanist.sidecar.commits import Committer
from accompanist.sidecar.news import Key, shard_of
from accompanist.sidecar.tasks import Tasks


class Tombstones:
    """Those on their way. `written` is told of each row that is in the log; `lost` of the session of one that could not
    be written now, `refused` of one that the log did not take."""

    def __init__(
        self,
        committer: Committer,
        tasks: Tasks,
        written: Callable[[SessionRow], None],
        lost: Callable[[UUID], None],
        refused: Callable[[Key, BaseException], None],
    ) -> None:
        self._committer = committer
        self._tasks = tasks
        self._written = written
        self._lost = lost
        self._refused = refused
        self._under_way: set[Key] = set()

    def __contains__(self, key: object) -> bool:
        return key in self._under_way

    def leave(self, message: Message, program: RoleProgram, epoch: int | None) -> None:
        """Instead of a session that begins with this, at an `epoch` of its shard."""
        key = (message.session, message.receiver)
        if key not in self._under_way:
            self._under_way.add(key)
            self._tasks.spawn([key], self._leave(key, message, program, epoch))

    async def _leave(self, key: Key, message: Message, program: RoleProgram, epoch: int | None) -> None:
        row, said = tombstone(message, program)
        try:
            await self._committer.commit(Commit(shard=shard_of(key[0]), epoch=epoch, session=row, messages=said))
        except (LeaseLost, LogUnavailable):
            self._lost(key[0])
        except Exception as problem:
            self._refused(key, problem)
        else:
            self._written(row)
        finally:
            self._under_way.discard(key)
