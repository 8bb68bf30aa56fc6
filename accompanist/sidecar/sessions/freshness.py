"""Whether an answer of the log is still so when it arrives.

An answer can be late: a slow connection, a process that stood still. What it says of a session ("there is none", "it
stood so") was true when the log gave it. Meanwhile the session may have begun, gone on or ended: taken up by a sweep
here, or by another owner of its shard, from whom the shard came back. Whoever acted on the old answer would begin a
session anew that is over, or go on from a state that others have left behind, under a lease that is in order.

So it is counted how often each shard became ours and how often it was swept; and while the inbox is asked it is kept
which sessions left memory. An answer that finds the counts as they were when it was asked for is news.

Not promised: that what is not news is wrong. It costs one more look into the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from accompanist import limits
from accompanist.runtime import messages

Key = tuple[UUID, str]
Standing = tuple[int, int]


def shard_of(session: UUID) -> int:
    """The shard of a session."""
    return messages.shard_of(session, limits.shards_count)


class News:
    """What has happened to the shards and sessions of one sidecar, as far as late answers are concerned."""

    def __init__(self) -> None:
        self._terms: Counter[int] = Counter()
        """How often each shard became ours."""
        self._sweeps: Counter[int] = Counter()
        """How often sessions of each shard were taken up from the log."""
        self._unswept: dict[int, int] = {}
        """The shards that are due a sweep, and when each became so, as a number."""
        self._number = 0
        self._asking = False
        """Whether the inbox was asked and its answer is not here yet."""
        self._gone: set[Key] = set()
        """Sessions that left memory since then."""
        self._watched: list[set[Key]] = []
        """For each question under way: the sessions that left memory since it was asked."""
        self._asked: Mapping[int, Standing] = {}
        """How each shard stood then."""

    def acquired(self, shards: Collection[int]) -> None:
        self._terms.update(shards)
        self.due(shards)

    def due(self, shards: Iterable[int]) -> None:
        """Of these shards, sessions may be open in the log that are not known here."""
        self._number += 1
        self._unswept.update(dict.fromkeys(shards, self._number))

    def due_since(self, shard: int) -> int:
        """Changes when a shard is due a sweep anew."""
        return self._unswept.get(shard, 0)

    def all_swept(self, shard: int, since: int) -> None:
        """All that was open in a shard has been taken up, unless it is due anew."""
        if self.due_since(shard) == since:
            self._unswept.pop(shard, None)

    def may_have(self, shard: int, before: Standing) -> bool:
        """Whether the log may have sessions of the shard that are not known here: it is due a sweep, or did not stand
        so before."""
        return shard in self._unswept or self.standing(shard) != before

    def swept(self, keys: Iterable[Key]) -> None:
        self._sweeps.update({shard_of(session) for session, _ in keys})

    def left(self, key: Key) -> None:
        """A session is not in memory any more."""
        if self._asking:
            self._gone.add(key)
        for gone in self._watched:
            gone.add(key)

    @contextmanager
    def leaving(self) -> Iterator[set[Key]]:
        """The sessions that leave memory while a question to the log is under way."""
        gone: set[Key] = set()
        self._watched.append(gone)
        try:
            yield gone
        finally:
            self._watched = [one for one in self._watched if one is not gone]

    def terms(self, keys: Iterable[Key]) -> dict[int, int]:
        """Differs from what it was if a shard of these was another's meanwhile."""
        return {one: self._terms[one] for one in (shard_of(session) for session, _ in keys)}

    def standing(self, one: int) -> Standing:
        """Differs from what it was if sessions of the shard may have gone on without those who wait for an answer."""
        return self._terms[one], self._sweeps[one]

    def asks(self, shards: Iterable[int]) -> None:
        """The inbox is asked now."""
        self._gone.clear()
        self._asking = True
        self._asked = {one: self.standing(one) for one in shards}

    def answered(self) -> None:
        """The inbox has answered, and what came is taken in."""
        self._gone.clear()
        self._asking = False

    def is_news(self, key: Key) -> bool:
        """Whether nothing can have begun a session since the inbox was asked."""
        return key not in self._gone and self._asked.get(shard_of(key[0])) == self.standing(shard_of(key[0]))
