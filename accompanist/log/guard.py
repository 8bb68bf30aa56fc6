"""Detects lost commits: at the start, on every new connection, and in each commit.

`log.server` says what is checked and what it proves; `log.commit_marks` keeps the marks.

If commits are missing, or this is another log, the sidecar must stop: its sessions rest on commits that are gone. It
writes nothing more, and its process ends (`lost` is called once). The next process checks before it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import structlog

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.log import names, refusals, server, settings
from accompanist.log.commit_marks import CommitMarks, LeftMarkFile, is_there
from accompanist.log.connection import connect
from accompanist.log.server import LOST, OTHER_SERVER, UNSAFE, NotedServer, ServerIdentity
from accompanist.runtime.ports import LogUnavailable

logger = structlog.get_logger("accompanist.log")

_MISSING_STATE = "AC002"
_MARK = "SELECT mark($1, $2, $3, $4)"
_MARKS = "SELECT lane, number FROM marker WHERE writer = $1"
_CLEAR = "DELETE FROM marker WHERE writer = ANY ($1)"
LostHandler = Callable[[OperatorError], None]


def commits_are_missing(problem: asyncpg.PostgresError) -> bool:
    """Whether an error is the refusal of `mark`, whose DETAIL has the mark that was found."""
    return bool(problem.sqlstate == _MISSING_STATE)


class WrongServer(ConnectionError):
    """This server cannot be the right one now: a standby, or an old primary that was replaced."""


class Guard:
    """Checks the connections of one sidecar. `at`: the server it started on; None if that cannot be read."""

    def __init__(self, marks: CommitMarks, at: ServerIdentity | None, lost: LostHandler) -> None:
        self.marks = marks
        self._at = at
        self._lost = lost
        self._over = False

    def in_force(self) -> None:
        """Raises LogUnavailable once this sidecar has found commits missing."""
        if self._over:
            raise LogUnavailable("commits are missing on the server")

    async def check(self, connection: asyncpg.Connection) -> None:
        """Check a new connection. Raises WrongServer, LogUnavailable."""
        self.in_force()
        told = list(self.marks.acknowledged)  # marks that are acknowledged during the check need not be found
        if await connection.fetchval("SELECT pg_is_in_recovery()"):
            raise WrongServer("a standby")
        now = await server.identity(connection)
        if now is not None and self._at is not None:
            if now.copied_from(self._at):
                self._end(OperatorError(OTHER_SERVER, f"this sidecar began on {self._at}; this is {now}"))
            if now.timeline < self._at.timeline:
                raise WrongServer("an earlier timeline")
        found = await _marks(connection, self.marks.writer)
        if not is_there(told, found):
            self.missing(found)
        if now is not None and now != self._at:
            await server.note(connection, now)
            logger.warning("server.promoted", problem=f"last used on {self._at}; this is {now}, and nothing is missing")
            self._at = now

    def missing(self, found: Mapping[int, int]) -> None:
        """Stop, because the server has only these marks. Raises LogUnavailable; nothing more is written."""
        sessions = [str(session) for session, _ in self.marks.missing(found)]
        text = f"commit {max(self.marks.acknowledged)} of this sidecar was told to be durable and is not there"
        if sessions:
            shown = ", ".join(sessions[: limits.lost_sessions_shown_max])
            text += f"; commits of {len(sessions)} sessions: {shown}"
            text += ", ..." if len(sessions) > limits.lost_sessions_shown_max else ""
        self._end(OperatorError(LOST, text))

    def _end(self, problem: OperatorError) -> None:
        if not self._over:
            self._over = True
            self._lost(problem)
        self.in_force()


async def begin(dsn: str, schema: str, directory: Path | None, lost: LostHandler) -> Guard:
    """Check the server at the start, record it, and keep marks from now on. Raises OperatorError if it does not flush,
    if it is another log, or if commits are missing that an earlier process was told of."""
    marks = CommitMarks(schema, directory)
    async with refusals.readable(dsn):
        connection = await connect(dsn, "accompanist start", names.identifier(schema), settings.LOOKING)
        try:
            if (await server.settings(connection))["fsync"] == "off":
                raise OperatorError(UNSAFE, "fsync is off")
            now = await server.identity(connection)
            left = marks.left()
            try:
                await _begin(connection, marks, now, left)
            finally:
                for one in left:
                    one.close()
        finally:
            await connection.close(timeout=limits.end_s)
    return Guard(marks, now, lost)


async def _begin(
    connection: asyncpg.Connection, marks: CommitMarks, now: ServerIdentity | None, left: Sequence[LeftMarkFile]
) -> None:
    before = await server.noted(connection)
    place = await server.creation(connection)
    era = 0 if before is None else before.era
    # only files of this very log count, not those of another one or of one that was created anew
    ours = [one for one in left if before is not None and (one.record.log, one.record.creation) == (before.log, place)]
    # older ones were written before an operator accepted a server
    valid = [one for one in ours if one.record.era >= era]
    _compare(marks, now, before, proven=await _proven(connection, valid, era))
    if now is not None:
        await server.note(connection, now)
    at = await server.noted(connection)
    # our own mark comes after all of theirs, and proves them from now on
    mark = marks.next(0)
    await connection.execute(_MARK, *mark)
    marks.acknowledge(0, mark[3])
    marks.begin(at.log if at is not None else None, place, era)
    await connection.execute(_CLEAR, [one.record.writer for one in ours])
    for one in ours:
        one.remove()


async def _proven(connection: asyncpg.Connection, files: Sequence[LeftMarkFile], era: int) -> bool:
    """Whether there are files, and all of their marks are on the server. Raises OperatorError if one is missing."""
    for one in files:
        found = await _marks(connection, one.record.writer)
        if one.record.era > era:
            raise OperatorError(LOST, f"{one.place.name} was written after a server was accepted, and this is older")
        if not is_there(one.record.marks, found):
            told, there = max(one.record.marks), max(found.values(), default=0)
            text = f"{one.place.name} was told of commit {told}, of which the server knows {there}"
            raise OperatorError(LOST, f"{text}; the file was last written at {one.written()}")
    return bool(files)


def _compare(marks: CommitMarks, now: ServerIdentity | None, before: NotedServer | None, *, proven: bool) -> None:
    if now is None or before is None:
        return
    told = f"the schema was last used on {before.identity}; this is {now}"
    if now.copied_from(before.identity) or now.timeline < before.identity.timeline:
        raise OperatorError(OTHER_SERVER, told)
    if now.timeline > before.identity.timeline:
        if not proven:
            raise OperatorError(OTHER_SERVER, f"{told}; {marks.lacks()}")
        logger.warning("server.promoted", problem=f"{told}, and nothing is missing")


async def _marks(connection: asyncpg.Connection, writer: UUID) -> dict[int, int]:
    return {row["lane"]: row["number"] for row in await connection.fetch(_MARKS, writer)}
