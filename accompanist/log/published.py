"""What a sidecar publishes in its log for the SQL functions of applications: what `start` may start, and what `signal`
may tell.

Not promised: that each sidecar of a service would publish the same. While a deployment goes on, the one that began last
has said what new sessions begin with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from accompanist.log.connection import Connections, reach

_PUBLISH = """
WITH gone AS (DELETE FROM startable WHERE choreography <> ALL ($1::text[]))
INSERT INTO startable (choreography, role, heading, parameters, types)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[])
    AS given (choreography, role, heading, parameters, types)
ORDER BY choreography
ON CONFLICT (choreography) DO UPDATE SET role = excluded.role, heading = excluded.heading,
    parameters = excluded.parameters, types = excluded.types, published_at = clock_timestamp()"""

_AWAITED = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[]) AS g (fingerprint, role, events, types)
), gone AS (
    DELETE FROM awaited a WHERE NOT EXISTS (SELECT FROM given g WHERE (g.fingerprint, g.role) = (a.fingerprint, a.role))
)
INSERT INTO awaited (fingerprint, role, events, types) SELECT * FROM given ORDER BY fingerprint, role
ON CONFLICT (fingerprint, role) DO UPDATE SET events = excluded.events, types = excluded.types"""


class StartableChoreography(NamedTuple):
    """A choreography that begins at `role` of this service. `heading`: the members of a header, as JSON without its
    braces, that all its sessions share. `parameters`: the JSON schema of its arguments, as one object; `types`: the
    schemas that this one names."""

    choreography: str
    role: str
    heading: str
    parameters: str
    types: str


class AwaitedEvents(NamedTuple):
    """The events that `role` waits for in a version: the JSON schema of each one's value by its name; `types`: the
    schemas that these name."""

    fingerprint: str
    role: str
    events: str
    types: str


class PostgresPublished:
    """What is published, over a pool of connections to the schema of the service."""

    def __init__(self, pool: Connections) -> None:
        self._pool = pool

    async def starts(self, rows: Sequence[StartableChoreography]) -> None:
        """Publish these choreographies and no others. Raises LogUnavailable."""
        columns = [[row[at] for row in rows] for at in range(len(StartableChoreography._fields))]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_PUBLISH, *columns)

    async def events(self, rows: Sequence[AwaitedEvents]) -> None:
        """Publish these versions and roles and no others. Raises LogUnavailable."""
        columns = [[row[at] for row in rows] for at in range(len(AwaitedEvents._fields))]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_AWAITED, *columns)
