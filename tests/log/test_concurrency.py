"""What only concurrent transactions can break. Each interleaving is made by hand; no test sleeps for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from accompanist.limits import shards_count
from accompanist.log import names
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery, LeaseLost, LogUnavailable
from tests.log.letters import burst, header, message, row, shard
from tests.log.worlds import PostgresWorld, owner

_DELIVER = "SELECT acc_payment.deliver($1, $2, $3, $4, $5, $6, $7, $8, false)"
_WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'accompanist %' AND wait_event_type = 'Lock'"""


@asynccontextmanager
async def transaction(world: PostgresWorld, service: str) -> AsyncIterator[asyncpg.Connection]:
    """A sidecar's connection with a transaction open; committed at the end."""
    connection = await world.connect(service, names.sidecar_role(service))
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def deliver(connection: asyncpg.Connection, sent: Message) -> list[str]:
    columns = (sent.session, sent.site, sent.sender, sent.receiver, sent.kind.value, b"{}", sent.payload, b"{}")
    answers: list[str] = await connection.fetchval(_DELIVER, *([column] for column in columns))
    return answers


async def until_a_sidecar_waits(world: PostgresWorld, unless: asyncio.Task[Any] | None = None) -> None:
    """Return when a statement of a log waits for a lock: the server says so, no time is guessed. Return, too, when the
    task that was to wait is done."""
    watcher = await world.connect("warehouse")
    try:
        while not await watcher.fetchval(_WAITS) and not (unless is not None and unless.done()):
            pass
    finally:
        await watcher.close()


async def test_a_row_that_commits_after_a_later_one_was_taken_is_taken(postgres_world: PostgresWorld) -> None:
    log, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    slow, fast = message(header()), message(header())
    async with transaction(postgres_world, "warehouse") as first:
        assert await deliver(first, slow) == ["stored"]
        await log.flush([burst(fast.header, messages=(fast,))])
        taken = await payment.take(10)
        assert [entry.message.session for entry in taken] == [fast.session]
        assert await payment.take(10, taken) == []
    rows = await postgres_world.connect("payment")
    assert await rows.fetchval("SELECT count(*) FROM arrival WHERE NOT early AND session = $1", slow.session) == 1
    await rows.close()


async def test_the_same_message_from_two_transactions_is_stored_once(postgres_world: PostgresWorld) -> None:
    log, _ = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    sent = message(header())
    async with transaction(postgres_world, "warehouse") as first:
        assert await deliver(first, sent) == ["stored"]
        second = asyncio.create_task(log.flush([burst(sent.header, messages=(sent, message(sent.header, "2")))]))
        await until_a_sidecar_waits(postgres_world)
        assert not second.done()
    assert await second == [[Delivery.SAME, Delivery.STORED]]


async def test_a_take_over_waits_for_no_commit_and_leaves_its_shard_alone(postgres_world: PostgresWorld) -> None:
    """A commit of the old owner is in flight: its shard is not acquired until it is over."""
    await owner(postgres_world, "warehouse", "a")
    await postgres_world.expire("warehouse")
    of = header()
    other = await postgres_world.sidecar("warehouse")
    async with transaction(postgres_world, "warehouse") as old:
        await old.execute("SELECT fence('a', $1)", [(shard(of), 1)])
        held, new, *_ = await other.lease("b", shards_count)
        assert len(new) == shards_count - 1
        assert shard(of) not in {lease.shard for lease in held}
    _, new, *_ = await other.lease("b", shards_count)
    assert [lease.shard for lease in new] == [shard(of)]


async def test_a_commit_that_meets_a_take_over_waits_and_is_refused(postgres_world: PostgresWorld) -> None:
    paused = await owner(postgres_world, "warehouse", "a")
    await postgres_world.expire("warehouse")
    of = header()
    async with transaction(postgres_world, "warehouse") as replacement:
        await replacement.fetch("SELECT * FROM lease('b', $1, interval '5s')", shards_count)
        flushing = asyncio.create_task(paused.flush([burst(of, session=row(of))]))
        await until_a_sidecar_waits(postgres_world)
    with pytest.raises(LeaseLost):
        await flushing
    assert (await paused.load([(of.session, "warehouse")]))[0].session is None


async def test_early_rows_leave_with_the_session_even_if_taken_while_it_was_committed(
    postgres_world: PostgresWorld,
) -> None:
    payment = await owner(postgres_world, "payment")
    log = await owner(postgres_world, "warehouse")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    async with transaction(postgres_world, "payment") as writing:
        await writing.execute(
            "INSERT INTO session (session, role, shard, open, parked, choreography, phase, header, body, started_at)"
            " VALUES ($1, 'payment', 0, true, false, 'c', 'running', '{}', '{}', 0)",
            of.session,
        )
        taken = await payment.take(10)
        assert [entry.known for entry in taken] == [False]
        assert await payment.take(10, taken) == []
    await payment.flush([burst(of, session=row(of, "payment"))])
    watcher = await postgres_world.connect("payment")
    assert await watcher.fetchval("SELECT count(*) FROM arrival") == 0
    await watcher.close()


async def test_a_neighbour_under_migration_costs_us_nothing_but_an_outbox_row(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    of = header()
    neighbour = await postgres_world.connect("payment")
    async with neighbour.transaction():
        await neighbour.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        answers = await log.flush([burst(of, session=row(of), messages=(message(of), message(of, "2", "loyalty")))])
        assert answers == [[Delivery.UNKNOWN, Delivery.STORED]]
    assert await log.resend(10) == {"stored": 1}
    await neighbour.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DROP SCHEMA acc_payment CASCADE",
        "REVOKE EXECUTE ON FUNCTION acc_payment.deliver FROM accompanist_peer",
        "REVOKE USAGE ON SCHEMA acc_payment FROM accompanist_peer",
        "ALTER FUNCTION acc_payment.deliver SECURITY INVOKER",
        "ALTER TABLE acc_payment.inbox DROP COLUMN payload",
    ],
)
async def test_a_damaged_neighbour_costs_us_nothing_but_an_outbox_row(
    postgres_world: PostgresWorld, damage: str
) -> None:
    log = await owner(postgres_world, "warehouse")
    await postgres_world.execute("payment", damage)
    of = header()
    answers = await log.flush([burst(of, session=row(of), messages=(message(of), message(of, "2", "loyalty")))])
    assert answers == [[Delivery.UNKNOWN, Delivery.STORED]]
    assert (await log.load([(of.session, "warehouse")]))[0].session == row(of)


async def test_an_inbox_row_that_cannot_be_read_is_left_and_its_neighbours_are_taken(
    postgres_world: PostgresWorld,
) -> None:
    log, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    bad, good = message(header()), message(header())
    async with transaction(postgres_world, "warehouse") as peer:
        assert await deliver(peer, bad) == ["stored"]  # its header is {}
    await log.flush([burst(good.header, messages=(good,))])
    assert [taken.message for taken in await payment.take(10)] == [good]
    [memory] = await payment.load([(bad.session, "payment")])
    assert memory.inbox == ()


async def test_a_place_that_another_row_has_taken_since_is_not_acknowledged(postgres_world: PostgresWorld) -> None:
    """An acknowledgement whose answer was lost is repeated, and meanwhile its row's place may be another's."""
    log, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    known = header()
    await payment.flush([burst(known, session=row(known, "payment"))])
    await log.flush([burst(known, messages=(message(known),))])
    first = await payment.take(10)
    assert await payment.take(10, first) == []
    await postgres_world.execute("payment", "VACUUM arrival")
    await log.flush([burst(known, messages=(message(known, "2"),))])
    [second] = await payment.take(10)
    assert second.place == first[0].place, "the place was used again"
    assert [entry.message.site for entry in await payment.take(10, first)] == ["2"]


async def test_a_statement_that_is_cut_off_is_unavailable_and_may_be_done_again(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    assert isinstance(log, PostgresLog)
    of = header()
    blocker = await postgres_world.connect("warehouse")
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(LogUnavailable):
            await log.flush([burst(of, session=row(of))])
    await blocker.close()
    assert await log.flush([burst(of, session=row(of))]) == [[]]


async def test_a_first_mark_waits_for_another_of_its_lane_that_is_not_committed_yet(
    postgres_world: PostgresWorld,
) -> None:
    """The connection of the first was lost, and the server does not know yet: the same lane begins anew."""
    log = await owner(postgres_world, "warehouse")
    assert isinstance(log, PostgresLog)
    marks = log._guard.marks
    async with transaction(postgres_world, "warehouse") as lost, marks.lane() as used:
        assert marks.acknowledged[used], "the start has set the mark of this lane"
        async with marks.lane() as lane:
            await lost.execute("SELECT mark($1, $2, $3, $4)", *marks.next(lane))
        of = header()
        second = asyncio.create_task(log.flush([burst(of, session=row(of))]))
        await until_a_sidecar_waits(postgres_world)
        assert not second.done()
    await second
    assert (await log.load([(of.session, "warehouse")]))[0].session is not None
