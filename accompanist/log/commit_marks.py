"""Keeps the marks of acknowledged commits outside the server, in memory and in a file, to detect lost commits.

Each commit that others may act upon (a flush; an acknowledgement to a peer in another database) also sets a mark: a
growing number in a row of its own (the log's `mark`). Marks of acknowledged commits are kept here. If one is missing on
a server, the server has lost commits that others have acted upon. If it is there, so is every earlier commit, also of
other writers, because a standby or a recovered server has everything up to some point in time and nothing after.

Marks are spread over a few lanes, so that concurrent statements do not wait for each other's row. The last mark of each
lane has to be there, because commits are not acknowledged in the order in which they were made.

The file (one per process, in a directory per service) is for the next start. It is written after each mark, but not
flushed: it outlives the process, not the machine. A process holds a lock on its own file; a file without a lock was
left by an earlier process.

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
# The event `witness.not_kept` keeps the name under which operators search for it.

Key = tuple[UUID, str]


class Creation(msgspec.Struct, frozen=True):
    """The object ids of a log's database and table. Another log, or one that was created anew, has others."""

    database: int | None
    relation: int | None


class MarkRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a file: the last acknowledged marks of its process, by lane; on which log, and in which era of it.
    `log` is the random id that the log got when it was first used: two logs may have the same object ids."""

    schema: str
    log: UUID | None
    creation: Creation | None
    era: int
    writer: UUID
    marks: list[int]


class LeftMarkFile:
    """A file that an earlier process has left, locked while it is read."""

    def __init__(self, place: Path, handle: int, record: MarkRecord) -> None:
        self.place = place
        self.record = record
        self._handle = handle

    def written(self) -> str:
        """When the file was last written, as text."""
        return datetime.fromtimestamp(os.fstat(self._handle).st_mtime, UTC).isoformat(timespec="seconds")

    def remove(self) -> None:
        self.place.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._handle)


class CommitMarks:
    """The marks of one process. They are in memory only until `begin` opens a file, or always if there is no
    directory."""

    def __init__(self, schema: str, directory: Path | None = None) -> None:
        self._schema = schema
        self._directory = directory
        self.writer = uuid4()
        self._count = 0
        self.acknowledged = [0] * limits.marker_lanes_max
        """The last acknowledged mark of each lane; 0 if there is none."""
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
        """Reserve a lane; waits until one is free. There are as many lanes as connections. A lane is held until the
        commit is acknowledged: behind a pooler, a statement is answered before its commit, so the lane's next user
        would have to wait for the row."""
        taken = await self._lanes.get()
        try:
            yield taken
        finally:
            self._lanes.put_nowait(taken)

    def next(self, lane: int) -> tuple[UUID, int, int, int]:
        """The arguments of the log's `mark`: writer, lane, the last acknowledged mark, and a new one."""
        self._count += 1
        return self.writer, lane, self.acknowledged[lane], self._count

    def acknowledge(self, lane: int, number: int, keys: Sequence[Key] = ()) -> None:
        """Record that the commit with this mark, of these sessions, was acknowledged."""
        self.acknowledged[lane] = number
        self._latest.append((lane, number, keys))
        self._write()

    def missing(self, found: Mapping[int, int]) -> list[Key]:
        """The sessions whose commits are missing on a server that has these marks, as far as they are remembered."""
        late = (keys for lane, number, keys in self._latest if number > found.get(lane, 0))
        return list(dict.fromkeys(key for keys in late for key in keys))

    def lacks(self) -> str:
        """Why nothing proves that no commit is missing, as text for people."""
        if self._directory is None:
            return "no file says what was told to be durable (`state_dir`)"
        return f"no file in {self._directory} says what was told to be durable"

    def left(self) -> list[LeftMarkFile]:
        """The files with this log's marks that earlier processes have left. The caller closes them."""
        found: list[LeftMarkFile] = []
        if self._directory is None or not self._directory.is_dir():
            return found
        for place in sorted(self._directory.glob("*.mark")):
            try:
                handle = os.open(place, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue
            record = _read(handle)
            if record is None or record.schema != self._schema or not _lock(handle):
                os.close(handle)
                continue
            found.append(LeftMarkFile(place, handle, record))
        return found

    def begin(self, log: UUID | None, creation: Creation | None, era: int) -> None:
        """Keep the marks in a file from now on. If the file cannot be created, log a warning: a start after a failover
        then needs an operator."""
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
        """Close the file. It stays, for the next start to read."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _write(self) -> None:
        if self._handle is None:
            return
        record = MarkRecord(
            schema=self._schema,
            log=self._log,
            creation=self._creation,
            era=self._era,
            writer=self.writer,
            marks=self.acknowledged,
        )
        try:
            os.pwrite(self._handle, msgspec.json.encode(record).ljust(limits.mark_file_bytes), 0)
        except OSError as problem:
            logger.warning("witness.not_kept", path=str(self._directory), problem=problem.strerror)
            self.close()


def is_there(marks: Sequence[int], found: Mapping[int, int]) -> bool:
    """Whether a server that has the marks `found`, by lane, has all of these acknowledged ones."""
    return all(found.get(lane, 0) >= number for lane, number in enumerate(marks))


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(handle: int) -> MarkRecord | None:
    """Read a file; None if it is empty, truncated by a crash of the machine, or not one of ours."""
    try:
        return msgspec.json.decode(os.pread(handle, limits.mark_file_bytes, 0), type=MarkRecord)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
