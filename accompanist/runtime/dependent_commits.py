"""Drops a session's later commits when the log has refused an earlier one.

A session may hand in a commit while an earlier one still waits. The log may refuse the earlier one for its content (a
value that no column takes). The later one, written alone, would lack what it depends on: a vote without its result.

Not promised: that a session with a refused commit leaves memory at once. Nothing of it is written in the meantime.
"""

from __future__ import annotations


class SessionLife:
    """A session in memory, from when it is loaded until it is dropped. Each of its commits depends on the ones before:
    once one is refused, the group commit writes no more of this life. The session is then loaded again from the log."""

    __slots__ = ("refused",)

    def __init__(self) -> None:
        self.refused = False


class PredecessorRefused(Exception):
    """A commit was not written, because an earlier one that it depends on was refused. The caller that handed in the
    earlier one was told why."""
