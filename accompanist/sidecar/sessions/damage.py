"""Sessions that cannot be gone on with: what the log refuses to write of them, or what of them cannot be read.

Such a session is dropped from memory and costs no other. It is shown (in the log of the process, on its page, by
`doctor`) and tried again, after a back-off, for as long as it takes: when the database or the program has been mended
it goes on by itself. It runs again from what is in the log, so nothing that was not committed is missed.

Not promised: that every damaged session is on its page. One whose row cannot be read or written is only told of in the
log of the process and in /health.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog

from accompanist import limits
from accompanist.log.ailments import DAMAGED
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.ports import DAMAGED_WAITS, Commit, Phase, SessionRow
from accompanist.sidecar.sessions.commits import Committer
from accompanist.sidecar.sessions.freshness import Key, shard_of

logger = structlog.get_logger("accompanist.driver")


@contextmanager
def alone(key: Key, damaged: Callable[..., None]) -> Iterator[None]:
    """Whatever is raised while something is taken in is of this session, and what it came with is of all. It is in the
    log, so the session is made again from there, after a back-off that grows as long as it raises."""
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
    """The damaged sessions of one sidecar. `recover` takes sessions up from the log; `heading` is the header of a
    session without a row, by messages of which some begin it; `live` says whether one is in memory again."""

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
        """Each with what it met."""
        return {key: found.problem for key, found in self._found.items()}

    def note(self, key: Key, problem: BaseException, *, reading: bool = False) -> None:
        """A session met this, while it was read from the log or later. It is told of once, and again when it meets
        something else."""
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
        """A session goes on."""
        if self._found.pop(key, None) is not None:
            logger.info("session.mended", session=str(key[0]), role=key[1])

    def was_read(self, key: Key) -> None:
        """Whether it goes on is seen by what it writes, unless reading it was all that went wrong."""
        if (found := self._found.get(key)) is not None and found.reading:
            self.mended(key)

    async def mend(self, now: float, epoch: Callable[[UUID], int | None]) -> None:
        """Write down what damaged sessions wait for, and try those again whose time has come. Those that are held under
        no `epoch` here any more are somebody else's to mend."""
        self._now = now
        self._found = {key: found for key, found in self._found.items() if epoch(key[0]) is not None}
        for key, found in list(self._found.items()):
            if not found.shown and not self._live(key):
                found.shown = True
                with suppress(Exception):  # what is damaged may refuse this, too
                    await self._show(key, found.problem, epoch(key[0]))
        for key, found in list(self._found.items()):
            if found.due <= now:
                found.due = now + limits.damaged_again_cap_ms / 1000
                await self._recover([key])

    async def _show(self, key: Key, problem: str, epoch: int | None) -> None:
        """Over the row as the log has it, or as it began: what memory had beyond that was not committed. One that is in
        memory again may have a later row on its way, which this would be written over."""
        [memory] = await self._log.load([key])
        row = memory.session
        if row is None and (header := self._heading(memory.inbox)) is not None:
            row = SessionRow(header=header, role=key[1], phase=Phase.RUNNING)
        if row is not None and row.outcome is None and key in self._found and not self._live(key):
            row = msgspec.structs.replace(row, waiting=f"{DAMAGED_WAITS} ({DAMAGED}: {problem})")
            await self._committer.commit(Commit(shard=shard_of(key[0]), epoch=epoch, session=row))
