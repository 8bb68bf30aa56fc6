"""The words a choreography is written in, and the client that starts one.

Importing this module is light: no database, no network, no event loop. The client is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accompanist.language.words import (
    At,
    Outcome,
    Role,
    Secret,
    attempt,
    choreography,
    com,
    pure,
    query,
    share,
    transaction,
)

if TYPE_CHECKING:
    from accompanist.client import Client, SyncClient

__all__ = [
    "At",
    "Client",
    "Outcome",
    "Role",
    "Secret",
    "SyncClient",
    "attempt",
    "choreography",
    "com",
    "pure",
    "query",
    "share",
    "transaction",
]


def __getattr__(name: str) -> Any:
    if name in ("Client", "SyncClient"):
        from accompanist import client

        return getattr(client, name)
    raise AttributeError(f"module 'accompanist' has no attribute {name!r}")
