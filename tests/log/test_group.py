"""The group commit, on a fake log: which commits share a flush, in what order, and whose failure is whose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from accompanist import limits
from accompanist.log.group import Flusher
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.runtime.dependent_commits import PredecessorRefused, SessionLife
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Commit, Delivery, LeaseLost, LogSlow, LogUnavailable
from tests.log.letters import burst, decided, header, message, result, row, shard, start, timer


class Gate(MemoryLog):
    """A log whose flushes wait at a gate, are counted, and fail as they are told."""

    def __init__(self) -> None:
        super().__init__(MemoryDatabase(["warehouse", "payment", "loyalty"]), "warehouse")
        self.groups: list[list[Commit]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.failures: list[Exception] = []
        self.poison: Callable[[Commit], bool] = lambda commit: False

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        self.groups.append(list(commits))
        self.entered.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        if any(self.poison(commit) for commit in commits):
            raise ValueError("no column takes this")
        return await super().flush(commits)


@pytest.fixture
async def log() -> Gate:
    gate = Gate()
    await gate.lease("w", limits.shards_count)
    return gate


def slept(log: Gate) -> tuple[Flusher, list[float]]:
    """A flusher whose pauses take no time and are written down."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return Flusher(log, sleep=sleep, jitter=lambda: 0.5), pauses


async def in_flight(log: Gate, flusher: Flusher, commit: Commit) -> asyncio.Task[Any]:
    """A commit whose flush has begun and waits at the gate."""
    log.gate.clear()
    log.entered.clear()
    task = asyncio.create_task(flusher.commit(commit))
    await log.entered.wait()
    return task


async def gathered(flusher: Flusher, commits: Sequence[Commit]) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(flusher.commit(commit)) for commit in commits]
    await asyncio.sleep(0)  # each runs until it waits
    return tasks


async def test_those_who_wait_at_the_same_time_share_a_flush(log: Gate) -> None:
    flusher, _ = slept(log)
    first = await in_flight(log, flusher, decided(header()))
    others = await gathered(flusher, [decided(header()) for _ in range(5)])
    log.gate.set()
    await asyncio.gather(first, *others)
    assert [len(group) for group in log.groups] == [1, 5]


async def test_those_of_one_turn_of_the_loop_share_a_flush(log: Gate) -> None:
    flusher, _ = slept(log)
    await asyncio.gather(*(flusher.commit(decided(header())) for _ in range(5)))
    assert [len(group) for group in log.groups] == [5]


async def test_it_is_told_for_how_long_nothing_was_committed(log: Gate) -> None:
    now = 100.0
    flusher = Flusher(log, clock=lambda: now)
    assert flusher.stands_for_s() == 0.0
    first = await in_flight(log, flusher, decided(header()))
    now += 7
    assert flusher.stands_for_s() == 7.0
    log.gate.set()
    await first
    await asyncio.sleep(0)
    now += 3
    assert flusher.stands_for_s() == 0.0


async def test_each_gets_its_own_answer(log: Gate) -> None:
    flusher, _ = slept(log)
    commits = []
    for number in range(10):
        of = header()
        commits.append(decided(of, messages=tuple(message(of, str(site)) for site in range(number))))
    answers = await asyncio.gather(*(flusher.commit(commit) for commit in commits))
    assert [len(answer) for answer in answers] == list(range(10))


async def test_order_is_kept_and_a_group_is_bounded(log: Gate) -> None:
    flusher, _ = slept(log)
    of = header()
    first = await in_flight(log, flusher, decided(of))
    count = limits.flush_bursts_max + 10
    waiting = await gathered(flusher, [decided(of, session=row(of, waiting=str(n))) for n in range(count)])
    log.gate.set()
    await asyncio.gather(first, *waiting)
    assert [len(group) for group in log.groups] == [1, limits.flush_bursts_max, 10]
    written = [commit.session.waiting for group in log.groups for commit in group if commit.session]
    assert written == [str(n) for n in range(count)]


async def test_a_group_is_bounded_by_its_weight(log: Gate) -> None:
    flusher, _ = slept(log)
    of = header()
    heavy = b"x" * limits.payload_bytes_max
    commits = [decided(of, messages=(message(of, str(n), payload=heavy),)) for n in range(20)]
    await asyncio.gather(*(flusher.commit(commit) for commit in commits))
    assert [len(group) for group in log.groups] == [16, 4]


async def test_unavailable_is_tried_again_until_it_is_not(log: Gate) -> None:
    flusher, pauses = slept(log)
    log.failures = [LogUnavailable("down")] * 12
    of = header()
    assert await flusher.commit(decided(of, messages=(message(of),))) == [Delivery.STORED]
    assert len(log.groups) == 13
    assert pauses[0] < pauses[1] < pauses[2]
    assert max(pauses) == pauses[-1] == limits.backoff_cap_ms * 0.75 / 1000


async def test_a_flush_that_happened_unheard_is_done_again(log: Gate) -> None:
    flusher, _ = slept(log)
    log._database.fail("after")
    of = header()
    assert await flusher.commit(decided(of, session=row(of), messages=(message(of),))) == [Delivery.SAME]


async def test_a_lost_lease_fails_its_own_commits_and_no_others(log: Gate) -> None:
    flusher, _ = slept(log)
    of, other = header(), header()
    while shard(other) == shard(of):
        other = header()
    held = log.tables.shards[shard(of)]
    held.owner, held.epoch = "somebody else", held.epoch + 1
    commits = [decided(of, session=row(of)), decided(other, session=row(other)), start(of)]
    lost, kept, unguarded = await asyncio.gather(
        *(flusher.commit(commit) for commit in commits), return_exceptions=True
    )
    assert isinstance(lost, LeaseLost)
    assert lost.shards == (shard(of),)
    assert (kept, unguarded) == ([], [Delivery.STORED])


async def test_what_waited_while_its_shard_was_lost_and_won_back_fails(log: Gate) -> None:
    flusher, _ = slept(log)
    of, other = header(), header()
    first = await in_flight(log, flusher, start(other))
    [waiting] = await gathered(flusher, [decided(of, session=row(of))])
    held = log.tables.shards[shard(of)]
    held.owner = None
    await log.lease("w", limits.shards_count)
    log.gate.set()
    await first
    with pytest.raises(LeaseLost):
        await waiting
    assert await flusher.commit(decided(of, epoch=2, session=row(of))) == []


async def test_a_shard_that_is_not_held_is_refused_at_once(log: Gate) -> None:
    flusher, _ = slept(log)
    await log.release("w")
    with pytest.raises(LeaseLost):
        await flusher.commit(decided(header()))
    assert log.groups == []


async def test_a_refusal_for_foreign_shards_ends(log: Gate) -> None:
    flusher, _ = slept(log)
    log.failures = [LeaseLost([9_999])]
    with pytest.raises(LeaseLost):
        await flusher.commit(decided(header()))


@pytest.mark.parametrize("together", [True, False])
async def test_nothing_is_written_that_builds_upon_what_was_refused(log: Gate, together: bool) -> None:
    """A vote is handed in while the result that it rests on waits: where that cannot be written, the vote is not."""
    flusher, _ = slept(log)
    of, other = header(), header()
    log.poison = lambda commit: any(one.session == of.session for one in commit.results)
    life, again = SessionLife(), SessionLife()
    result_of = decided(of, life=life, session=row(of), results=(result(of),))
    vote = decided(of, life=life, session=row(of, waiting="settlement"), messages=(message(of),))
    first = await in_flight(log, flusher, start(other) if together else result_of)
    others = await gathered(flusher, [result_of, vote] if together else [vote])
    log.gate.set()
    refused, built = [*others] if together else [first, *others]
    with pytest.raises(ValueError, match="no column"):
        await refused
    with pytest.raises(PredecessorRefused):
        await built
    with pytest.raises(PredecessorRefused):
        await flusher.commit(vote)
    assert (await log.load([(of.session, "warehouse")]))[0].session is None
    assert await flusher.commit(decided(of, life=again, session=row(of))) == [], (
        "another life builds upon the log alone"
    )


async def test_what_cannot_be_written_fails_alone(log: Gate) -> None:
    flusher, _ = slept(log)
    bad = header()
    log.poison = lambda commit: commit.session is not None and commit.session.header.session == bad.session
    headers = [header(), bad, header()]
    good, failed, other = await asyncio.gather(
        *(flusher.commit(decided(of, session=row(of), messages=(message(of),))) for of in headers),
        return_exceptions=True,
    )
    assert isinstance(failed, ValueError)
    assert (good, other) == ([Delivery.STORED], [Delivery.STORED])


async def test_a_caller_that_left_harms_nobody(log: Gate) -> None:
    flusher, _ = slept(log)
    first = await in_flight(log, flusher, decided(header()))
    leaving, staying = await gathered(flusher, [decided(header()), decided(header())])
    first.cancel()
    leaving.cancel()
    log.gate.set()
    assert await staying == []


async def test_closing_fails_those_who_wait_and_those_who_come(log: Gate) -> None:
    flusher, _ = slept(log)
    first = await in_flight(log, flusher, decided(header()))
    [waiting] = await gathered(flusher, [decided(header())])
    await flusher.close()
    for task in (first, waiting):
        with pytest.raises(LogUnavailable):
            await task
    with pytest.raises(LogUnavailable):
        await flusher.commit(decided(header()))


async def test_closing_ends_the_trials(log: Gate) -> None:
    log.failures = [LogUnavailable("down")] * 10_000
    flusher = Flusher(log, sleep=asyncio.sleep)
    waiting = await in_flight(log, flusher, decided(header()))
    log.gate.set()
    await flusher.close()
    with pytest.raises(LogUnavailable):
        await waiting


async def test_an_epoch_that_is_not_the_held_one_fails(log: Gate) -> None:
    flusher, _ = slept(log)
    of = header()
    with pytest.raises(LeaseLost):
        await flusher.commit(decided(of, epoch=77, session=row(of)))


async def test_what_was_decided_under_no_epoch_fails(log: Gate) -> None:
    """The group commit cannot know it: a turn of the loop later the shard may be held anew."""
    flusher, _ = slept(log)
    of = header()
    with pytest.raises(LeaseLost):
        await flusher.commit(burst(of, session=row(of)))
    assert log.groups == []


async def test_a_heavy_burst_goes_in_parts_and_the_others_go_between(
    log: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "part_bytes_max", 100)
    monkeypatch.setattr(limits, "flush_bytes_max", 300)
    flusher, _ = slept(log)
    of = header()
    data = [message(of, f"1[{n}]", payload=b"x" * 60) for n in range(4)]
    told = message(of, "!done", kind=Kind.DONE, payload=b"null")
    heavy = decided(of, session=row(of), results=(result(of),), messages=(told, *data), timers=(timer(of),))
    first = await in_flight(log, flusher, decided(header()))
    waiting = await gathered(flusher, [heavy, decided(of, session=row(of, waiting="later"))])
    others = await gathered(flusher, [decided(header()) for _ in range(3)])
    log.gate.set()
    await asyncio.gather(first, *waiting, *others)
    assert all(other.done() for other in others)
    sent = [[m.site for c in group for m in c.messages] for group in log.groups]
    assert sent == [[], ["1[0]"], ["1[1]"], ["1[2]"], ["1[3]"], ["!done"]]
    assert len(log.groups[1]) == 4, "the others did not wait for all of it"
    assert [[len(c.results) for c in group if c.shard == heavy.shard and c.results] for group in log.groups][1] == [1]
    rows = [(at, c.session.waiting) for at, group in enumerate(log.groups) for c in group if c.session is not None]
    assert rows == [(5, ""), (5, "later")], "nothing is told of a role before its row, and commits keep their order"
    assert [len(c.timers) for c in log.groups[5]] == [1, 0]
    assert waiting[0].result() == [Delivery.STORED] * 5


async def test_the_answers_of_a_divided_burst_stand_where_its_messages_stood(
    log: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "part_bytes_max", 10)
    flusher, _ = slept(log)
    of = header()
    known = message(of, "2", payload=b"x" * 8)
    await log.flush([burst(of, messages=(known,))])
    away = (message(of, "!done", kind=Kind.DONE), message(of, "1", payload=b"x" * 8), known)
    home = (message(of, "3", "stock", payload=b"x" * 8), message(of, "!abort", "stock", kind=Kind.ABORT))
    answers = await flusher.commit(decided(of, session=row(of), messages=away, home=home))
    assert answers == [Delivery.STORED, Delivery.STORED, Delivery.SAME, Delivery.STORED, Delivery.STORED]


async def test_a_flush_that_the_log_is_too_slow_for_is_not_asked_again_as_it_was(log: Gate) -> None:
    flusher, _ = slept(log)
    log.failures = [LogSlow("slow"), LogSlow("slow")]
    await asyncio.gather(*await gathered(flusher, [decided(header()) for _ in range(8)]))
    assert [len(group) for group in log.groups] == [8, 4, 2, 2, 4]
