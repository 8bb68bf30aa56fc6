"""Detects stale answers from the log.

An answer can arrive late, after a slow connection or a process pause. What it says of a session ("there is none", "it
is in this state") was true when the log gave it. In the meantime the session may have begun, gone on or ended: after a
sweep here, or at another owner of its shard, from whom the shard came back. Acting on the stale answer would begin a
session that is over, or go on from an old state, under a valid lease.

So this counts how often each shard was acquired and how often it was swept, and records the sessions that leave memory
while the log is asked. An answer is fresh if the counts are the same as when it was asked for.

Not promised: that an answer which counts as stale is wrong. It costs one more query of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from accompanist import limits
from accompanist.runtime import messages

Key = tuple[UUID, str]
Standing = tuple[int, int]


def shard_of(session: UUID) -> int:
    """The shard of a session."""
    return messages.shard_of(session, limits.shards_count)


class Freshness:
    """The history of one sidecar's shards and sessions that tells stale answers from fresh ones."""

    def __init__(self) -> None:
        self._terms: Counter[int] = Counter()
        """How often each shard was acquired."""
        self._sweeps: Counter[int] = Counter()
        """How often sessions of each shard were loaded from the log."""
        self._unswept: dict[int, int] = {}
        """The shards that have to be swept, each with a number that says since when."""
        self._number = 0
        self._asking = False
        """Whether a `take` of the inbox is under way."""
        self._gone: set[Key] = set()
        """Sessions that left memory since it began."""
        self._watched: list[set[Key]] = []
        """For each query under way: the sessions that left memory since it began."""
        self._asked: Container[int] = ()
        """The shards that were held when the `take` began."""
        self._changed: set[int] = set()
        """Shards whose counts have changed since."""

    def acquired(self, shards: Collection[int]) -> None:
        self._terms.update(shards)
        self._changed.update(shards)
        self.due(shards)

    def due(self, shards: Iterable[int]) -> None:
        """Note that these shards have to be swept: their open sessions may not be known here."""
        self._number += 1
        self._unswept.update(dict.fromkeys(shards, self._number))

    def due_since(self, shard: int) -> int:
        """A number that changes each time the shard has to be swept again."""
        return self._unswept.get(shard, 0)

    def all_swept(self, shard: int, since: int) -> None:
        """Note that all open sessions of a shard were loaded, unless it has to be swept again."""
        if self.due_since(shard) == since:
            self._unswept.pop(shard, None)

    def may_have(self, shard: int, before: Standing) -> bool:
        """Whether the log may have sessions of the shard that are not known here: it has to be swept, or its counts
        have changed."""
        return shard in self._unswept or self.standing(shard) != before

    def swept(self, keys: Iterable[Key]) -> None:
        shards = {shard_of(session) for session, _ in keys}
        self._sweeps.update(shards)
        self._changed |= shards

    def left(self, key: Key) -> None:
        """Note that a session left memory."""
        if self._asking:
            self._gone.add(key)
        for gone in self._watched:
            gone.add(key)

    @contextmanager
    def leaving(self) -> Iterator[set[Key]]:
        """Collect the sessions that leave memory while a query of the log is under way."""
        gone: set[Key] = set()
        self._watched.append(gone)
        try:
            yield gone
        finally:
            self._watched = [one for one in self._watched if one is not gone]

    def terms(self, keys: Iterable[Key]) -> dict[int, int]:
        """The acquisition counts of these sessions' shards; they change if a shard had another owner in between."""
        return {one: self._terms[one] for one in (shard_of(session) for session, _ in keys)}

    def standing(self, one: int) -> Standing:
        """The counts of a shard; they change if its sessions may have gone on since a query was made."""
        return self._terms[one], self._sweeps[one]

    def asks(self, shards: Container[int]) -> None:
        """Note that a `take` of the inbox begins, for these shards. The caller does not change them afterwards."""
        self._gone.clear()
        self._changed.clear()
        self._asking = True
        self._asked = shards

    def answered(self) -> None:
        """Note that the answer of the `take` was handled."""
        self._gone.clear()
        self._asking = False

    def is_fresh(self, key: Key) -> bool:
        """Whether the inbox's answer about a session is fresh, and tells all: the session cannot have begun since the
        `take`, and its shard is swept. Before the sweep a session without a row may have begun all the same, here or at
        another owner: what it did is known to its inbox and its worker alone."""
        shard = shard_of(key[0])
        if key in self._gone or shard in self._unswept:
            return False
        return shard in self._asked and shard not in self._changed
