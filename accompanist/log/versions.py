"""Versions of choreographies, kept by fingerprint: what a session runs, shown and hosted long after a deploy.

The texts are one document with a digest beside it, so that a damaged one is noticed before it is compiled. Who may
write here may say what the sidecars of this service run: the sidecars' own login may add a version and mark it as
deployed; no login but the owner's may change one. The digest is no seal: it finds accidents, not intruders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from accompanist.log.connection import Connections, reach
from accompanist.runtime.ports import Kept

_REGISTER = """
INSERT INTO projection (choreography, fingerprint, role, source)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS given (choreography, fingerprint, role, source)
ORDER BY choreography, fingerprint, role
ON CONFLICT DO NOTHING"""
_KEEP = """
INSERT INTO version (fingerprint, choreography, kept, digest)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[])
    AS given (fingerprint, choreography, kept, digest)
ORDER BY fingerprint
ON CONFLICT (fingerprint) DO UPDATE SET seen_at = clock_timestamp()"""
_KEPT = "SELECT fingerprint, choreography, kept, digest FROM version WHERE fingerprint = ANY ($1::text[])"
_FORGET = "SELECT forget_versions($1, $2)"


class Document(msgspec.Struct, frozen=True):
    """What is kept of a version, as one value."""

    file: str
    texts: dict[str, str]
    bindings: dict[str, str] = {}
    made_by: str = ""


class Versions:
    """Over a pool of connections to the service's schema."""

    _pool: Connections

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = [[row[name] for row in rows] for name in ("choreography", "fingerprint", "role")]
        source = [row["source"].encode() if isinstance(row["source"], str) else row["source"] for row in rows]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_REGISTER, *columns, source)

    async def keep(self, versions: Sequence[Kept]) -> None:
        once = {version.fingerprint: version for version in versions}.values()
        kept = [encode(version) for version in once]
        columns = [
            [version.fingerprint for version in once],
            [version.choreography for version in once],
            kept,
            [digest(document) for document in kept],
        ]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_KEEP, *columns)

    async def kept(self, fingerprints: Sequence[str]) -> Sequence[Kept]:
        async with reach(), self._pool.acquire() as connection:
            return [decode(*row) for row in await connection.fetch(_KEPT, list(fingerprints))]

    async def forget_versions(self, age_ms: int, limit: int) -> int:
        async with reach(), self._pool.acquire() as connection:
            return int(await connection.fetchval(_FORGET, timedelta(milliseconds=age_ms), limit))


def encode(version: Kept) -> bytes:
    return msgspec.json.encode(Document(version.file, version.texts, version.bindings, version.made_by))


def digest(document: bytes) -> bytes:
    return hashlib.blake2b(document, digest_size=16).digest()


def decode(fingerprint: str, choreography: str, document: bytes, expected: bytes) -> Kept:
    """The version of a row; without texts if it is not what was written."""
    try:
        found = msgspec.json.decode(document, type=Document) if digest(document) == expected else None
    except msgspec.DecodeError:
        found = None
    found = found or Document("", {})
    return Kept(
        fingerprint=fingerprint,
        choreography=choreography,
        file=found.file,
        texts=found.texts,
        bindings=found.bindings,
        made_by=found.made_by,
    )
