"""Where sidecars in one database take messages directly, and how each knows who calls (`accompanist.sidecar.links`).

A sidecar announces its address and a key in its own log. The log tells a peer the addresses, each with a proof that is
made of the key and of the service that the peer's login belongs to. So a proof says to the sidecar there what the login
says to the database, and the key itself never leaves the log.

Not promised: that what a peer's log answers is still so. It is asked again where it is not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from accompanist.log.connection import Connections, reach

_ANNOUNCE = "SELECT announce($1, $2, $3)"
_LINKS = "SELECT owner, address, proof, array_agg(shard) FROM links_of($1) GROUP BY 1, 2, 3"
_OURS = re.compile(r"\A/[^\0]*/link-[0-9a-f]{8}\.sock\Z")
"""What an address looks like: a peer does not choose to which socket of this machine we connect."""


class Link(NamedTuple):
    """A sidecar of a peer: its address, the proof to show there, and the shards that it holds."""

    owner: str
    address: str
    proof: bytes
    shards: frozenset[int]


class LinkDirectory(Protocol):
    """Where the links of a peer are looked up."""

    async def of(self, service: str) -> Sequence[Link]:
        """The links of a service. None where its log knows none. Raises LogUnavailable."""
        ...


def proof(key: bytes, service: str) -> bytes:
    """The proof that a caller speaks for `service`, as the function `links` of the log makes it."""
    return hashlib.sha256(key + hashlib.sha256(key + service.encode()).digest()).digest()


def proves(shown: bytes, key: bytes, service: str) -> bool:
    """Whether what a caller shows is that proof."""
    return hmac.compare_digest(shown, proof(key, service))


class PostgresLinks:
    """The links of the services in one database. `schemas`: of each service."""

    def __init__(self, pool: Connections, schemas: Mapping[str, str]) -> None:
        self._pool = pool
        self._schemas = schemas

    async def announce(self, owner: str, address: str, key: bytes) -> None:
        """Say where the sidecar `owner` takes messages. Raises LogUnavailable."""
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_ANNOUNCE, owner, address, key)

    async def of(self, service: str) -> Sequence[Link]:
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_LINKS, self._schemas[service])
        found = (Link(owner, address, shown, frozenset(shards)) for owner, address, shown, shards in rows)
        return [link for link in found if _OURS.search(link.address)]
