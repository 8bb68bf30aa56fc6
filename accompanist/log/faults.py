"""What an error of Postgres is about: the values that were sent, the connection, or the moment.

    the values       a text with NUL, a number no column takes, a row that is too large: sent again it is refused again
    everything else  a login that is refused just now, a server that became read-only, a lock, a restart, a right that
                     somebody took away: the fault of the environment until it is proved otherwise, so it is asked again

A connection that answered with an error is kept only where it is known to be as good as before. One to a server that
was demoted, or whose login was changed, goes on answering the same for as long as it is kept, while a new one works.

Not promised: that what is asked again will succeed. An error that a program made by itself (a function that is not
there) is asked again, too, and is seen as a log that does not answer.
"""

from __future__ import annotations

from contextlib import suppress

import asyncpg

# cardinality, data, integrity, what is too large for the server at any time
_CONTENT_CLASSES = ("21", "22", "23", "54")
# raised by the log's own functions, each of which says what it means
_OUR_CLASS = "AC"
# after these the connection is as good as before: conflicts, resources, a lock not given, a cancelled statement
_KEEPS_CLASSES = (*_CONTENT_CLASSES, _OUR_CLASS, "40", "53")
_KEEPS_STATES = ("55P03", "57014")

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""Everything that asking Postgres raises; a time-out is an OSError."""


def of_values(problem: BaseException) -> bool:
    """Whether the failure is proved to be about the values that were sent."""
    if isinstance(problem, asyncpg.PostgresError):
        return _state(problem)[:2] in _CONTENT_CLASSES
    # the driver's own: arguments that do not fit
    return isinstance(problem, asyncpg.InterfaceError) and isinstance(problem, ValueError)


def ours(problem: BaseException) -> bool:
    """Whether a function of the log raised it, to be understood by whoever called it."""
    return isinstance(problem, asyncpg.PostgresError) and _state(problem)[:2] == _OUR_CLASS


def spoils(problem: BaseException) -> bool:
    """Whether the connection that answered so is to be dropped, and those that were opened beside it."""
    if not isinstance(problem, asyncpg.PostgresError):
        return False
    state = _state(problem)
    return state[:2] not in _KEEPS_CLASSES and state not in _KEEPS_STATES


def drop(taken: asyncpg.Connection) -> None:
    """End a connection as it is. The pool may have taken it back already, where the server ended it first."""
    with suppress(asyncpg.InterfaceError):
        taken.terminate()


def _state(problem: asyncpg.PostgresError) -> str:
    return problem.sqlstate or ""
