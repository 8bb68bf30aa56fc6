"""Damaged sessions: those that the log refuses to write, or that cannot be read from it.

A damaged session is dropped from memory and affects no other. It is reported (in the process's log, on its page, by
`doctor`) and retried with back-off for as long as it takes: once the database or the program is repaired, it goes on by
itself. It is rebuilt from the log, so only uncommitted work is lost, and that is done again.

Not promised: that every damaged session is marked on its page. If its row cannot be read or written, it is only
reported in the process's log and in /health.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog

from accompanist import limits
from accompanist.log.finding_codes import DAMAGED
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.ports import DAMAGED_WAITS, Commit, Phase, SessionRow
from accompanist.sidecar.sessions.commits import Committer
from accompanist.sidecar.sessions.freshness import Key, shard_of

logger = structlog.get_logger("accompanist.driver")


@contextmanager
def alone(key: Key, damaged: Callable[..., None]) -> Iterator[None]:
    """Attribute an exception to one session, so that the rest of its batch goes on. The session is rebuilt from the log
    after a back-off that grows with each failure."""
    try:
        yield
    except Exception as problem:
        logger.exception("message.failed", session=str(key[0]), role=key[1])
        damaged(key, problem, reading=True)


@dataclass
class _Damaged:
    problem: str
    reading: bool
    tries: int
    due: float
    shown: bool = False


class Damage:
    """The damaged sessions of one sidecar. `recover` loads sessions from the log; `heading` finds the header of a
    session without a row in its messages; `live` says whether a session is in memory again."""

    def __init__(
        self,
        log: SessionPort,
        committer: Committer,
        recover: Callable[[Sequence[Key]], Awaitable[None]],
        heading: Callable[[Sequence[Message]], Header | None],
        live: Callable[[Key], bool],
    ) -> None:
        self._log = log
        self._committer = committer
        self._recover = recover
        self._heading = heading
        self._live = live
        self._found: dict[Key, _Damaged] = {}
        self._now = 0.0

    def __len__(self) -> int:
        return len(self._found)

    @property
    def sessions(self) -> dict[Key, str]:
        """The damaged sessions, each with its problem."""
        return {key: found.problem for key, found in self._found.items()}

    def note(self, key: Key, problem: BaseException, *, reading: bool = False) -> None:
        """Record a session's problem, from `reading` it from the log or from later. It is logged once, and again if the
        problem changes."""
        name = type(problem).__name__
        before = self._found.get(key)
        if before is None or before.problem != name:
            logger.error("session.damaged", session=str(key[0]), role=key[1], code=DAMAGED, problem=name)
        tries = 0 if before is None else before.tries + 1
        doublings = min(tries, limits.damaged_again_cap_ms.bit_length())
        wait_ms = min(limits.damaged_again_cap_ms, limits.damaged_again_ms << doublings)
        shown = before is not None and before.shown and before.problem == name
        self._found[key] = _Damaged(name, reading, tries, self._now + wait_ms / 1000, shown)

    def mended(self, key: Key) -> None:
        """Note that a session goes on."""
        if self._found.pop(key, None) is not None:
            logger.info("session.mended", session=str(key[0]), role=key[1])

    def was_read(self, key: Key) -> None:
        """Note that a session was read. It counts as repaired if only reading had failed; else once it has been
        written."""
        if (found := self._found.get(key)) is not None and found.reading:
            self.mended(key)

    async def mend(self, now: float, epoch: Callable[[UUID], int | None]) -> None:
        """Write the problem into the rows of damaged sessions, and retry those that are due. Sessions of shards that
        are not held here any more (no `epoch`) are dropped."""
        self._now = now
        self._found = {key: found for key, found in self._found.items() if epoch(key[0]) is not None}
        for key, found in list(self._found.items()):
            if not found.shown and not self._live(key):
                found.shown = True
                with suppress(Exception):  # the log may refuse this write, too
                    await self._show(key, found.problem, epoch(key[0]))
        for key, found in list(self._found.items()):
            if found.due <= now:
                found.due = now + limits.damaged_again_cap_ms / 1000
                await self._recover([key])

    async def _show(self, key: Key, problem: str, epoch: int | None) -> None:
        """Write the problem into the row as the log has it, or into a new one. Not if the session is in memory again:
        this would overwrite a newer row that is on its way."""
        [memory] = await self._log.load([key])
        row = memory.session
        if row is None and (header := self._heading(memory.inbox)) is not None:
            row = SessionRow(header=header, role=key[1], phase=Phase.RUNNING)
        if row is not None and row.outcome is None and key in self._found and not self._live(key):
            row = msgspec.structs.replace(row, waiting=f"{DAMAGED_WAITS} ({DAMAGED}: {problem})")
            await self._committer.commit(Commit(shard=shard_of(key[0]), epoch=epoch, session=row))
