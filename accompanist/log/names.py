"""Identifiers: the closed form they must have before they may stand in SQL, and the names derived from them."""

from __future__ import annotations

import re

_CLOSED = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_SUFFIX_CHARS = len("_sidecar")

PEER_ROLE = "accompanist_peer"


def identifier(name: str) -> str:
    """`name`, if it can be an identifier without quoting. Raises ValueError."""
    if not _CLOSED.match(name):
        raise ValueError("a name is a small letter, then up to 62 small letters, digits or underscores")
    return name


def service_name(name: str) -> str:
    """`name`, if the Postgres roles of a service can be named after it. Raises ValueError."""
    if len(identifier(name)) + _SUFFIX_CHARS > 63:
        raise ValueError("a service's name has at most 55 characters")
    return name


def owner_role(service: str) -> str:
    """Owns the schema; nobody logs in as it."""
    return f"{service_name(service)}_owner"


def sidecar_role(service: str) -> str:
    """What a sidecar logs in as; `deliver()` knows the service by it."""
    return f"{service_name(service)}_sidecar"


def worker_role(service: str) -> str:
    """What a worker logs in as, and the schema that is its own."""
    return f"{service_name(service)}_worker"


def channel(schema: str) -> str:
    """Where a sidecar listens. Longer than an identifier may be only if the schema is; then it is cut."""
    return f"accompanist_{identifier(schema)}"[:63]
