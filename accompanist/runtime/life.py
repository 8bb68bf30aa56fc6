"""What ties the commits of one session together: each builds upon the ones before.

A session hands in a commit while an earlier one waits. The log may refuse that one for what it says (a value that no
column takes). Written by itself, the later one would say more than is known: a vote without the result it rests on.

Not promised: that a life of which a commit was refused is dropped at once. Nothing of it is written meanwhile.
"""

from __future__ import annotations


class Life:
    """A session in memory, from when it is taken up until it is dropped. Each of its commits builds upon the ones
    before: once one was refused, the group commit writes none of this life any more. Another begins from the log."""

    __slots__ = ("refused",)

    def __init__(self) -> None:
        self.refused = False


class PredecessorRefused(Exception):
    """A commit was not written, because one that it builds upon was refused. Whoever handed that one in knows why."""
