"""Requests under a key, and what is left of the sessions that they began.

A key is remembered by a name that is made from it, with the session that stands for it and a digest of the request as
it was sent. It is forgotten with the session's stub, and then stands for nothing: the same key begins another session.

What was told is on disk: a start may be written long after, and by then Postgres may have crashed.
"""

from __future__ import annotations

from uuid import UUID

from accompanist.log.connection import Connections, reach
from accompanist.runtime.ports import Request, Stub

_REQUESTED = "SELECT session, choreography, digest, false AS first FROM request WHERE name = $1"
_REQUEST = "SELECT session, choreography, digest, first FROM request_of($1, $2, $3, $4)"
FORGET = "SELECT forget_requests($1, $2)"
_STUB = """
SELECT outcome, extract(epoch FROM collected_at)::float8 AS collected_at FROM stub WHERE session = $1 AND role = $2"""


class Requests:
    """Over a pool of connections to the service's schema."""

    _pool: Connections

    async def requested(self, name: UUID) -> Request | None:
        async with reach(), self._pool.acquire() as connection:
            row = await connection.fetchrow(_REQUESTED, name)
        return None if row is None else Request(**dict(row))

    async def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        async with reach(), self._pool.acquire() as connection:
            return Request(**dict(await connection.fetchrow(_REQUEST, name, fresh, choreography, digest)))

    async def stub(self, session: UUID, role: str) -> Stub | None:
        async with reach(), self._pool.acquire() as connection:
            row = await connection.fetchrow(_STUB, session, role)
        return None if row is None else Stub(**dict(row))
