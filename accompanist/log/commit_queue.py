"""The queue of the group commit: one line per session, and the choice of the next flush.

Lines take turns, in the order in which they began. A line contributes as many commits as fit, in their order. A burst
larger than `part_bytes_max` is split into parts, one part per flush, so that other sessions never wait for all of it.
Its data and selections go first, with the answers that they depend on. Its row goes in the last part, with the control
messages (a vote, an abort). A crash in between is harmless: a replay sends the same messages again.

Not promised: that a part is small. One message may have `payload_bytes_max`, and is not split.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator, Sequence

import msgspec

from accompanist import limits
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery


class CommitPart(msgspec.Struct):
    """A part of a commit that can be written by itself. `places`: the positions of its `messages` and then its `home`
    in the whole commit. `weight`: its size, as of `weight`."""

    commit: Commit
    places: Sequence[int]
    weight: int


class QueuedCommit:
    """A commit in the queue, and the future that its caller waits for."""

    def __init__(self, commit: Commit, answer: asyncio.Future[Sequence[Delivery]]) -> None:
        self.answer = answer
        row = commit.session
        self.line: Hashable = id(self) if row is None else (row.header.session, row.role)
        self.life = commit.life
        self._parts = deque(parts(commit))
        self._answers: dict[int, Delivery] = {}

    @property
    def commit(self) -> Commit:
        """The next part to write."""
        return self._parts[0].commit

    @property
    def weight(self) -> int:
        """The size of that part, in bytes."""
        return self._parts[0].weight

    @property
    def goes_on(self) -> bool:
        """Whether more parts follow the next one."""
        return len(self._parts) > 1

    def written(self, answers: Sequence[Delivery]) -> bool:
        """Record that the next part was written. Returns whether it was the last one; if so, the caller is answered."""
        part = self._parts.popleft()
        self._answers.update(zip(part.places, answers, strict=True))
        if self._parts:
            return False
        if not self.answer.done():
            self.answer.set_result([self._answers[place] for place in sorted(self._answers)])
        return True

    def fail(self, problem: Exception) -> None:
        """Record that it was not written. Then no later commit of its life may be written, even if nobody waits for
        this one any more."""
        if self.answer.done() and not self.answer.cancelled():
            return
        if self.life is not None:
            self.life.refused = True
        if not self.answer.done():
            self.answer.set_exception(problem)


class CommitQueue:
    """The commits that wait, in one line per session."""

    def __init__(self) -> None:
        self._lines: OrderedDict[Hashable, deque[QueuedCommit]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[QueuedCommit]:
        return (waiting for line in self._lines.values() for waiting in line)

    def add(self, waiting: QueuedCommit) -> None:
        self._lines.setdefault(waiting.line, deque()).append(waiting)

    def put_back(self, waiting: QueuedCommit) -> None:
        """Put a commit back after one of its parts was written: at the head of its line, which goes to the end."""
        self._lines.setdefault(waiting.line, deque()).appendleft(waiting)
        self._lines.move_to_end(waiting.line)

    def next_group(self) -> list[QueuedCommit]:
        """Take the next group: at most `flush_bursts_max` commits and `flush_bytes_max` of payload, but at least
        one."""
        group: list[QueuedCommit] = []
        room = limits.flush_bytes_max
        for name, line in list(self._lines.items()):
            while line:
                room -= line[0].weight
                if group and (room < 0 or len(group) >= limits.flush_bursts_max):
                    return group
                group.append(line.popleft())
                if group[-1].goes_on:
                    break
            if line:
                self._lines.move_to_end(name)
            else:
                del self._lines[name]
        return group

    def clear(self) -> None:
        self._lines.clear()


def parts(commit: Commit) -> Iterator[CommitPart]:
    """The commit, or its parts if it is too large."""
    messages = list(enumerate((*commit.messages, *commit.home)))
    if (size := weight(commit)) <= limits.part_bytes_max:
        yield CommitPart(commit, [place for place, _ in messages], size)
        return
    home_from = len(commit.messages)
    ahead = [(place, message) for place, message in messages if message.kind in (Kind.DATA, Kind.CHOICE)]
    last = [(place, message) for place, message in messages if message.kind not in (Kind.DATA, Kind.CHOICE)]
    results = commit.results
    for group in _groups(ahead):
        yield _part(commit, group, home_from, results=results, session=None, timers=())
        results = ()
    yield _part(commit, last, home_from, results=results)


def _groups(messages: Sequence[tuple[int, Message]]) -> Iterator[list[tuple[int, Message]]]:
    group: list[tuple[int, Message]] = []
    size = 0
    for place, message in messages:
        if group and size + len(message.payload) > limits.part_bytes_max:
            yield group
            group, size = [], 0
        group.append((place, message))
        size += len(message.payload)
    if group:
        yield group


def _part(commit: Commit, messages: Sequence[tuple[int, Message]], home_from: int, **changes: object) -> CommitPart:
    part = msgspec.structs.replace(
        commit,
        messages=tuple(message for place, message in messages if place < home_from),
        home=tuple(message for place, message in messages if place >= home_from),
        **changes,
    )
    return CommitPart(part, [place for place, _ in messages], weight(part))


def weight(commit: Commit) -> int:
    """The size of a commit's payloads and results, in bytes."""
    carried = sum(len(message.payload) for message in (*commit.messages, *commit.home))
    return carried + sum(len(row.value) for row in commit.results)
