"""Identifiers: which ones are safe in SQL without quoting, and the role and channel names made from them."""

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
    """The Postgres role that owns the schema; nobody logs in as it."""
    return f"{service_name(service)}_owner"


def sidecar_role(service: str) -> str:
    """The login of a service's sidecars; `deliver()` identifies the service by it."""
    return f"{service_name(service)}_sidecar"


def worker_role(service: str) -> str:
    """The login of a service's worker, and the name of the worker's own schema."""
    return f"{service_name(service)}_worker"


def channel(schema: str) -> str:
    """The channel on which a sidecar listens. It is cut to the length of an identifier."""
    return f"accompanist_{identifier(schema)}"[:63]
