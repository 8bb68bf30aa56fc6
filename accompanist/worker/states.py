"""What an error of Postgres means for a call, by its SQLSTATE. The same for every driver.

A transient error decides nothing: the transaction was rolled back or, if the connection broke at COMMIT, its outcome is
unknown, and the fence tells it on a retry. So transient errors are answered "retry later" (-32002), and are never a
decision of the worker.

Not promised: that a retry succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from accompanist.runtime.answers import BUSY
from accompanist.worker.port import Busy, ConnectionLost, Outlasted

CONFLICT: Final = "conflict"
UNAVAILABLE: Final = "database_unavailable"


class PostgresFailure(NamedTuple):
    """An error that the server reported: its SQLSTATE, and the table whose constraint it is about, if it names one."""

    state: str
    table: str | None = None


_WORDS: Final[Mapping[str, str]] = {
    "40001": CONFLICT,  # serialization failure
    "40P01": CONFLICT,  # deadlock
    "55P03": "lock_wait",
    "57014": "statement_timeout",
    "25P03": "transaction_timeout",  # idle in a transaction
    "25P04": "transaction_timeout",
    "25006": UNAVAILABLE,  # the server became read-only
    "28000": UNAVAILABLE,  # the login is refused
    "28P01": UNAVAILABLE,
    "3D000": UNAVAILABLE,  # the database is gone
    "42501": "not_permitted",
}
_CLASSES: Final[Mapping[str, str]] = {
    "08": UNAVAILABLE,  # the connection
    "53": UNAVAILABLE,  # the server's resources
    "57": UNAVAILABLE,  # an operator's intervention
    "58": UNAVAILABLE,  # the server's system
    "XX": UNAVAILABLE,  # the server itself
}


_NOBODY_KNOWS = "40003"
"""`statement_completion_unknown`: Postgres itself does not say it, what stands between may."""


def is_conflict(failure: PostgresFailure | None) -> bool:
    """Whether an immediate retry of the transaction is likely to succeed."""
    return failure is not None and (_WORDS.get(failure.state) == CONFLICT or _met_own_repeat(failure))


def certainly_undone(failure: PostgresFailure | None) -> bool:
    """Whether a COMMIT that failed so has certainly committed nothing: a constraint or another transaction was against
    it. After any other error, nobody here knows."""
    return failure is not None and failure.state[:2] in ("23", "40") and failure.state != _NOBODY_KNOWS


def passing(problem: BaseException, failure: PostgresFailure | None) -> str | None:
    """A word for a transient error; None for a permanent one. `failure`: what the server reported, if it did."""
    if failure is not None:
        if _met_own_repeat(failure):
            return CONFLICT
        return _WORDS.get(failure.state) or _CLASSES.get(failure.state[:2])
    match problem:
        case Outlasted():
            return "transaction_timeout"
        case Busy():
            return BUSY
        case TimeoutError():  # before OSError, which it is, too
            return "timeout"
        case ConnectionLost() | OSError():
            return UNAVAILABLE
    return None


def _met_own_repeat(failure: PostgresFailure) -> bool:
    """Whether a concurrent repeat of this call wrote its record first; its outcome can be read now."""
    return failure.state == "23505" and failure.table == "fence_call"
