"""A flush is one commit: whole or not at all, the same when repeated, and write-once where it must be."""

from __future__ import annotations

from accompanist.runtime.ports import Commit, Delivery, Parked, Phase
from tests.log.letters import burst, header, message, result, row, start
from tests.log.worlds import World, owner


async def test_what_was_written_is_read_again(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header(deadline=1_700_000_060.5)
    written = row(
        of,
        phase=Phase.UNDOING,
        vote="abort",
        reason="a reason with \x00 and \N{SNOWMAN}",
        contacts=("payment", "loyalty"),
        asked="1",
        result=b'"r"',
        parked=Parked("ACC901", "waits for an operator"),
        waiting="for payment",
        context={"traceparent": "00-1-2-01"},
    )
    answer = result(of)
    await log.flush([burst(of, session=written, results=(answer,))])
    [memory, nothing] = await log.load([(of.session, "warehouse"), (of.session, "stock")])
    assert memory.session == written
    assert memory.results == (answer,)
    assert (nothing.session, nothing.inbox, nothing.results) == (None, (), ())


async def test_the_same_flush_twice_changes_nothing(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    commit = burst(
        of, session=row(of), results=(result(of),), messages=(message(of),), home=(message(of, "2", "stock"),)
    )
    assert await log.flush([commit]) == [[Delivery.STORED, Delivery.STORED]]
    [before] = await log.load([(of.session, "warehouse")])
    assert await log.flush([commit]) == [[Delivery.SAME, Delivery.SAME]]
    assert await log.load([(of.session, "warehouse")]) == [before]
    assert len(await payment.take(10)) == 1


async def test_vote_outcome_and_result_are_write_once(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    first = row(of, phase=Phase.ENDED, vote="done", outcome="settled", reason="first", result=b"1")
    later = row(of, phase=Phase.RUNNING, vote="abort", outcome="ended", reason="later", result=b"2", waiting="w")
    await log.flush([burst(of, session=first)])
    await log.flush([burst(of, session=later)])
    [memory] = await log.load([(of.session, "warehouse")])
    assert memory.session is not None
    kept = memory.session
    assert (kept.phase, kept.vote, kept.outcome, kept.reason, kept.result) == (
        Phase.ENDED, "done", "settled", "first", b"1",
    )  # fmt: skip
    assert kept.waiting == "w", "what is not write-once is what was said last"


async def test_one_group_writes_a_session_as_several_flushes_would(world: World) -> None:
    log = await owner(world, "warehouse")
    of, other = header(), header()
    steps = [
        {"phase": Phase.DONE, "vote": "done"},
        {"phase": Phase.CLOSING, "vote": "abort", "reason": "told"},
        {"phase": Phase.ENDED, "outcome": "ended", "reason": "why"},
        {"phase": Phase.RUNNING, "reason": "late", "waiting": "x"},
    ]
    await log.flush([burst(of, session=row(of, **step)) for step in steps])
    for step in steps:
        await log.flush([burst(other, session=row(other, **step))])
    [together, apart] = await log.load([(of.session, "warehouse"), (other.session, "warehouse")])
    assert together.session == row(of, phase=Phase.ENDED, vote="done", outcome="ended", reason="why", waiting="x")
    assert apart.session == row(other, phase=Phase.ENDED, vote="done", outcome="ended", reason="why", waiting="x")


async def test_the_first_result_wins(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    first, second = result(of, value=b"1"), result(of, value=b"2")
    await log.flush([burst(of, results=(first,))])
    await log.flush([burst(of, results=(second,))])
    [memory] = await log.load([(of.session, "warehouse")])
    assert memory.results == (first,)


async def test_a_start_needs_no_lease_and_is_idempotent(world: World) -> None:
    log = await world.sidecar("warehouse")
    of = header()
    assert await log.flush([start(of)]) == [[Delivery.STORED]]
    assert await log.flush([start(of)]) == [[Delivery.SAME]]
    assert await log.flush([start(of, b'{"other":1}')]) == [[Delivery.CLASH]]
    await log.lease("w", 64)
    [taken] = await log.take(10)
    assert (taken.message, taken.sender_service, taken.known) == (start(of).messages[0], "warehouse", False)


async def test_nothing_to_write_is_written(world: World) -> None:
    log = await owner(world, "warehouse")
    assert await log.flush([]) == []
    assert await log.flush([burst(header()), Commit(shard=None)]) == [[], []]


async def test_many_bursts_are_answered_each_in_its_order(world: World) -> None:
    log = await owner(world, "warehouse")
    commits, wanted = [], []
    for number in range(40):
        of = header()
        away = (message(of, "1", "loyalty"), message(of, "2", "lost"), message(of, "3", "payment"))
        commits.append(burst(of, session=row(of), messages=away, home=(message(of, "4", "stock"),)))
        wanted.append([Delivery.STORED, Delivery.NOWHERE, Delivery.STORED, Delivery.STORED])
        if number % 3 == 0:
            commits.append(burst(of, messages=(message(of, "3", payload=b"other"),)))
            wanted.append([Delivery.CLASH])
    assert await log.flush(commits) == wanted
