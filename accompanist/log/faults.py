"""Classifies errors of Postgres: caused by the values that were sent, or by the environment.

    the values       a text with NUL, a number that no column takes, a row that is too large: a retry fails again
    everything else  a login that is refused, a server that became read-only, a lock, a restart, a right that was
                     revoked: taken for a fault of the environment, so the statement is retried

A connection that returned an error is kept only if it is known to work as before. A connection to a server that was
demoted, or with a login that was changed, would go on failing for as long as it is kept, while a new one works.

Not promised: that a retry succeeds. A programming error (a function that does not exist) is retried, too, and looks
like a log that does not answer.
"""

from __future__ import annotations

from contextlib import suppress

import asyncpg

# classes of SQLSTATE: cardinality, data, integrity, program limits
_CONTENT_CLASSES = ("21", "22", "23", "54")
# SQLSTATEs that the log's own functions raise
_OUR_CLASS = "AC"
# after these the connection still works: conflicts, resources, a lock not available, a cancelled statement
_KEEPS_CLASSES = (*_CONTENT_CLASSES, _OUR_CLASS, "40", "53")
_KEEPS_STATES = ("55P03", "57014")

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""All exceptions that a call to Postgres raises; a timeout is an OSError."""


def of_values(problem: BaseException) -> bool:
    """Whether the failure was certainly caused by the values that were sent."""
    if isinstance(problem, asyncpg.PostgresError):
        return _state(problem)[:2] in _CONTENT_CLASSES
    # the driver's own: arguments of a wrong type
    return isinstance(problem, asyncpg.InterfaceError) and isinstance(problem, ValueError)


def ours(problem: BaseException) -> bool:
    """Whether a function of the log raised it, for its caller to handle."""
    return isinstance(problem, asyncpg.PostgresError) and _state(problem)[:2] == _OUR_CLASS


def spoils(problem: BaseException) -> bool:
    """Whether to drop the connection that returned this error, and all connections opened with it."""
    return isinstance(problem, asyncpg.PostgresError) and spoils_state(_state(problem))


def spoils_state(state: str) -> bool:
    """The same for a SQLSTATE, whichever driver it came through."""
    return state[:2] not in _KEEPS_CLASSES and state not in _KEEPS_STATES


def drop(taken: asyncpg.Connection) -> None:
    """Close a connection at once. The pool may have taken it back already, if the server closed it first."""
    with suppress(asyncpg.InterfaceError):
        taken.terminate()


def _state(problem: asyncpg.PostgresError) -> str:
    return problem.sqlstate or ""
