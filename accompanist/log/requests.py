"""Idempotency keys of clients' requests, and the stubs of the sessions they started.

A key is stored as a name made from it, with the session it started and a digest of the request. It is deleted together
with the session's stub; after that the same key starts another session.

A stored key is on disk before the client is answered: the start itself may be written much later, after Postgres has
crashed.
"""

from __future__ import annotations

from uuid import UUID

from accompanist.log.connection import Connections, reach
from accompanist.runtime.ports import Request, SessionStub

_REQUESTED = "SELECT session, choreography, digest, false AS first FROM request WHERE name = $1"
_REQUEST = "SELECT session, choreography, digest, first FROM request_of($1, $2, $3, $4)"
FORGET = "SELECT forget_requests($1, $2)"
_STUB = """
SELECT outcome, extract(epoch FROM collected_at)::float8 AS collected_at FROM stub WHERE session = $1 AND role = $2"""


class PostgresRequests:
    """The requests of a service, read and written over a pool of connections to its schema."""

    def __init__(self, pool: Connections) -> None:
        self._pool = pool

    async def requested(self, name: UUID) -> Request | None:
        async with reach(), self._pool.acquire() as connection:
            row = await connection.fetchrow(_REQUESTED, name)
        return None if row is None else Request(**dict(row))

    async def request(self, name: UUID, fresh: UUID, choreography: str, digest: bytes) -> Request:
        async with reach(), self._pool.acquire() as connection:
            return Request(**dict(await connection.fetchrow(_REQUEST, name, fresh, choreography, digest)))

    async def stub(self, session: UUID, role: str) -> SessionStub | None:
        async with reach(), self._pool.acquire() as connection:
            row = await connection.fetchrow(_STUB, session, role)
        return None if row is None else SessionStub(**dict(row))
