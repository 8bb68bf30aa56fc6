"""The words a choreography is written in, and nothing else.

Importing this module is light: no database, no network, no event loop.
"""

from __future__ import annotations

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

__all__ = [
    "At",
    "Outcome",
    "Role",
    "Secret",
    "attempt",
    "choreography",
    "com",
    "pure",
    "query",
    "share",
    "transaction",
]
