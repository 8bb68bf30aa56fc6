"""What a sidecar was told is durable, kept where the server cannot lose it: in its memory, and in a file.

Each commit that others may act upon (a flush; what a peer in another database is told we have) sets a mark beside what
it writes: a number that grows, in a row of its own (`mark` of the log). A mark that was told is kept here. A server on
which it is missing has lost commits that were acted upon; one on which it is there has all that was committed before
it, also by others, since a standby and a recovered server have all that was written up to some point and nothing after.

A mark goes over one of a few lanes, so that statements which run at the same time do not wait for one another's row;
the last one of each lane has to be there, for they are not told in the order in which they were committed.

The file (one a process, in a directory a service) is for the next start. It is written after each mark, not flushed: it
outlives the process and not the machine it runs on, after whose loss it proves less, or nothing. A process holds a lock
on its own file; the files that nobody holds are what earlier ones have left.

Not promised: a proof for commits of a process whose memory and file are both gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.log")

Key = tuple[UUID, str]


class Creation(msgspec.Struct, frozen=True):
    """Which log it is on its system: another one, or one that was made anew, has other numbers."""

    database: int | None
    relation: int | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says: the last marks that its process was told of, by lane, on which log, in which era of it. `log`
    is what that log was given when it was first used: two that were made alike have the same numbers otherwise."""

    schema: str
    log: UUID | None
    creation: Creation | None
    era: int
    writer: UUID
    marks: list[int]


class Left:
    """A file that an earlier process has left, locked as long as it is looked at."""

    def __init__(self, place: Path, handle: int, kept: Kept) -> None:
        self.place = place
        self.kept = kept
        self._handle = handle

    def written(self) -> str:
        """When, for people."""
        return datetime.fromtimestamp(os.fstat(self._handle).st_mtime, UTC).isoformat(timespec="seconds")

    def remove(self) -> None:
        self.place.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._handle)


class Witness:
    """The marks of one process. It begins to keep a file with `begin`; until then, and without a directory, it knows
    them in memory alone."""

    def __init__(self, schema: str, directory: Path | None = None) -> None:
        self._schema = schema
        self._directory = directory
        self.writer = uuid4()
        self._count = 0
        self.marks = [0] * limits.marker_lanes_max
        """By lane the last mark that was told; 0: none was."""
        self._lanes: asyncio.LifoQueue[int] = asyncio.LifoQueue()
        for lane in reversed(range(limits.marker_lanes_max)):
            self._lanes.put_nowait(lane)
        self._latest: deque[tuple[int, int, Sequence[Key]]] = deque(maxlen=limits.marks_remembered_max)
        self._handle: int | None = None
        self._log: UUID | None = None
        self._creation: Creation | None = None
        self._era = 0

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[int]:
        """A lane that nobody else uses meanwhile; waits until one is free. There are as many as connections. It is held
        until the commit was told: behind a pooler a statement is answered before it is committed, and whoever took the
        lane then would wait for its row."""
        taken = await self._lanes.get()
        try:
            yield taken
        finally:
            self._lanes.put_nowait(taken)

    def next(self, lane: int) -> tuple[UUID, int, int, int]:
        """What `mark` of the log is given: writer, lane, the mark that is known to be there, and a new one."""
        self._count += 1
        return self.writer, lane, self.marks[lane], self._count

    def told(self, lane: int, number: int, keys: Sequence[Key] = ()) -> None:
        """The commit of this mark is durable; it was of these sessions."""
        self.marks[lane] = number
        self._latest.append((lane, number, keys))
        self._write()

    def missing(self, found: Mapping[int, int]) -> list[Key]:
        """Whose commits are missing on a server that has these marks, by lane: as many as are remembered."""
        late = (keys for lane, number, keys in self._latest if number > found.get(lane, 0))
        return list(dict.fromkeys(key for keys in late for key in keys))

    def lacks(self) -> str:
        """Why nothing proves that all is there, for people."""
        if self._directory is None:
            return "no file says what was told to be durable (`state_dir`)"
        return f"no file in {self._directory} says what was told to be durable"

    def left(self) -> list[Left]:
        """What earlier processes have left of this log's marks. Whoever asks closes them."""
        found: list[Left] = []
        if self._directory is None or not self._directory.is_dir():
            return found
        for place in sorted(self._directory.glob("*.mark")):
            try:
                handle = os.open(place, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue
            kept = _read(handle)
            if kept is None or kept.schema != self._schema or not _lock(handle):
                os.close(handle)
                continue
            found.append(Left(place, handle, kept))
        return found

    def begin(self, log: UUID | None, creation: Creation | None, era: int) -> None:
        """Keep a file from now on. Where none can be kept that is told of: then a start after a failover needs a
        person."""
        self._log, self._creation, self._era = log, creation, era
        if self._directory is None:
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = self._directory / f"{self.writer}.mark"
            self._handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            _lock(self._handle)
        except OSError as problem:
            logger.warning("witness.not_kept", path=str(self._directory), problem=problem.strerror)
            return
        self._write()

    def close(self) -> None:
        """The file stays: it is what the next start is told by."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _write(self) -> None:
        if self._handle is None:
            return
        kept = Kept(
            schema=self._schema,
            log=self._log,
            creation=self._creation,
            era=self._era,
            writer=self.writer,
            marks=self.marks,
        )
        try:
            os.pwrite(self._handle, msgspec.json.encode(kept).ljust(limits.mark_file_bytes), 0)
        except OSError as problem:
            logger.warning("witness.not_kept", path=str(self._directory), problem=problem.strerror)
            self.close()


def is_there(marks: Sequence[int], found: Mapping[int, int]) -> bool:
    """Whether a server that has `found`, by lane, has everything that was told."""
    return all(found.get(lane, 0) >= number for lane, number in enumerate(marks))


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(handle: int) -> Kept | None:
    """None: empty, cut off by a crash of the machine, or somebody else's."""
    try:
        return msgspec.json.decode(os.pread(handle, limits.mark_file_bytes, 0), type=Kept)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
