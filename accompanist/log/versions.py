"""Versions of choreographies, stored by fingerprint, so that sessions can run on them long after a new deployment.

The texts are one document. Its digest detects damage before the document is compiled. Its seal detects forgery: it is a
message authentication code under the service's version key, which is in a file beside the sidecar and not in the
database. Who has the sidecar's login can write here and destroy what is stored, but nothing that it writes is compiled.
Documents that are older than seals are accepted by a digest that only the owner of the schema may write.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from accompanist.log.connection import Connections, reach
from accompanist.runtime.ports import KeptVersion

_REGISTER = """
INSERT INTO projection (choreography, fingerprint, role, source)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) AS given (choreography, fingerprint, role, source)
ORDER BY choreography, fingerprint, role
ON CONFLICT DO NOTHING"""
_KEEP = """
WITH seen AS (UPDATE version SET seen_at = clock_timestamp() WHERE fingerprint = ANY ($6::text[]))
INSERT INTO version (fingerprint, choreography, kept, digest, seal)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
    AS given (fingerprint, choreography, kept, digest, seal)
ORDER BY fingerprint
ON CONFLICT (fingerprint) DO UPDATE SET seen_at = clock_timestamp(), choreography = excluded.choreography,
    kept = excluded.kept, digest = excluded.digest, seal = excluded.seal"""
_KEPT = "SELECT fingerprint, choreography, kept, digest, seal, known FROM version WHERE fingerprint = ANY ($1::text[])"
_FORGET = "SELECT forget_versions($1, $2)"
_PROCESS_KEY = secrets.token_bytes(32)


class VersionDocument(msgspec.Struct, frozen=True):
    """A version as it is stored: one JSON value."""

    file: str
    texts: dict[str, str]
    bindings: dict[str, str] = {}
    made_by: str = ""


class PostgresVersions:
    """The versions of a service, read and written over a pool of connections to its schema. `key`: seals them; None:
    a random one, which is the same for all logs of this process."""

    def __init__(self, pool: Connections, key: bytes | None) -> None:
        self._pool = pool
        self._key = _PROCESS_KEY if key is None else key

    async def register(self, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = [[row[name] for row in rows] for name in ("choreography", "fingerprint", "role")]
        source = [row["source"].encode() if isinstance(row["source"], str) else row["source"] for row in rows]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_REGISTER, *columns, source)

    async def keep(self, versions: Sequence[KeptVersion]) -> None:
        once = {version.fingerprint: version for version in versions}
        async with reach(), self._pool.acquire() as connection:
            there = await connection.fetch(_KEPT, list(once))
        sealed = [row["fingerprint"] for row in there if self._is_sealed(row)]
        kept = [(version, encode(version)) for name, version in once.items() if name not in sealed]
        columns = [
            [version.fingerprint for version, _ in kept],
            [version.choreography for version, _ in kept],
            [document for _, document in kept],
            [digest(document) for _, document in kept],
            [seal(self._key, version.fingerprint, version.choreography, document) for version, document in kept],
        ]
        async with reach(), self._pool.acquire() as connection:
            await connection.execute(_KEEP, *columns, sealed)

    async def kept(self, fingerprints: Sequence[str]) -> Sequence[KeptVersion]:
        async with reach(), self._pool.acquire() as connection:
            rows = await connection.fetch(_KEPT, list(fingerprints))
        return [msgspec.structs.replace(decode(*row[:4]), sealed=self._is_sealed(row)) for row in rows]

    async def forget_versions(self, age_ms: int, limit: int) -> int:
        async with reach(), self._pool.acquire() as connection:
            return int(await connection.fetchval(_FORGET, timedelta(milliseconds=age_ms), limit))

    def _is_sealed(self, row: Any) -> bool:
        made = seal(self._key, row["fingerprint"], row["choreography"], row["kept"])
        return hmac.compare_digest(made, row["seal"] or b"") or row["known"] == hashlib.sha256(row["kept"]).digest()


def seal(key: bytes, fingerprint: str, choreography: str, document: bytes) -> bytes:
    """The seal of a version: a message authentication code under the service's key."""
    said = b"\0".join((fingerprint.encode(), choreography.encode(), document))
    return hmac.digest(key, b"accompanist version\0" + said, "sha256")


def encode(version: KeptVersion) -> bytes:
    return msgspec.json.encode(VersionDocument(version.file, version.texts, version.bindings, version.made_by))


def digest(document: bytes) -> bytes:
    return hashlib.blake2b(document, digest_size=16).digest()


def decode(fingerprint: str, choreography: str, document: bytes, expected: bytes) -> KeptVersion:
    """The version of a row; without texts if the document does not match its digest."""
    try:
        found = msgspec.json.decode(document, type=VersionDocument) if digest(document) == expected else None
    except msgspec.DecodeError:
        found = None
    found = found or VersionDocument("", {})
    return KeptVersion(
        fingerprint=fingerprint,
        choreography=choreography,
        file=found.file,
        texts=found.texts,
        bindings=found.bindings,
        made_by=found.made_by,
    )
