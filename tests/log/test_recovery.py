"""What a new owner finds: every session that is not over, and every message whose session does not exist yet."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Phase
from tests.log.letters import burst, header, message, result, row, shard, start
from tests.log.worlds import PostgresWorld, World, owner

ALL = list(range(shards_count))


async def test_open_sessions_are_unfinished_and_ended_ones_are_not(world: World) -> None:
    log = await owner(world, "warehouse")
    rows = {
        "running": row(header(), phase=Phase.RUNNING),
        "done": row(header(), phase=Phase.DONE, vote="done"),
        "undone": row(header(), phase=Phase.UNDONE, vote="abort"),
        "settled": row(header(), phase=Phase.SETTLED, vote="done", outcome="settled"),
        "ended": row(header(), phase=Phase.ENDED, vote="abort", outcome="ended"),
    }
    await log.flush([burst(made.header, session=made) for made in rows.values()])
    wanted = {(rows[name].header.session, "warehouse") for name in ("running", "done", "undone")}
    assert set(await log.unfinished(ALL)) == wanted


async def test_a_message_without_a_session_is_unfinished_taken_or_not(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    assert await payment.unfinished(ALL) == [(of.session, "payment")]
    taken = await payment.take(10)
    assert await payment.unfinished(ALL) == [(of.session, "payment")], "taken, and the taker died"
    assert await payment.take(10, taken) == []
    assert await payment.unfinished(ALL) == [(of.session, "payment")], "acknowledged, and the taker died"
    await payment.flush([burst(of, session=row(of, "payment"))])
    assert await payment.unfinished(ALL) == [(of.session, "payment")], "now it is an open session"
    await payment.flush([burst(of, session=row(of, "payment", phase=Phase.SETTLED, outcome="settled"))])
    assert await payment.unfinished(ALL) == []


async def test_a_start_that_nobody_took_is_unfinished(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([start(of)])
    assert await log.unfinished(ALL) == [(of.session, "warehouse")]


async def test_a_home_message_without_a_session_is_unfinished(world: World) -> None:
    log = await owner(world, "warehouse")
    of = header()
    await log.flush([burst(of, session=row(of, outcome="settled"), home=(message(of, "1", "stock"),))])
    assert await log.unfinished(ALL) == [(of.session, "stock")]


async def test_only_the_shards_asked_for(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    await log.flush([burst(of, session=row(of), messages=(message(of),))])
    others = [number for number in ALL if number != shard(of)]
    for sidecar in (log, payment):
        assert await sidecar.unfinished(others) == []
        assert len(await sidecar.unfinished([shard(of)])) == 1


async def test_a_sweep_lets_go_of_early_rows_whose_session_came_in_its_own_shards_only(
    postgres_world: PostgresWorld,
) -> None:
    log, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    of = header()
    await log.flush([burst(of, messages=(message(of),))])
    await payment.take(10, await payment.take(10))
    watcher = await postgres_world.connect("payment")
    # the session was being committed while its message was acknowledged, so that its commit did not see an early row
    await watcher.execute(
        "INSERT INTO session (session, role, shard, open, parked, choreography, phase, header, body, started_at)"
        " VALUES ($1, 'payment', $2, true, false, 'c', 'running', '{}', '{}', 0)",
        *(of.session, shard(of)),
    )
    left = []
    for shards in ([number for number in ALL if number != shard(of)], [shard(of)]):
        await payment.unfinished(shards)
        left.append(await watcher.fetchval("SELECT count(*) FROM arrival WHERE early"))
    assert left == [1, 0]
    await watcher.close()


async def test_memory_is_of_one_role_and_in_the_order_asked(world: World) -> None:
    log = await owner(world, "warehouse")
    one, two = header(), header()
    to_stock, to_self = message(one, "1", "stock"), message(one, "2", "warehouse")
    answers = (result(one, "1"), result(one, "2", role="stock"))
    await log.flush([burst(one, session=row(one), results=answers, home=(to_stock, to_self))])
    await log.flush([burst(two, session=row(two))])
    keys = [(two.session, "warehouse"), (one.session, "stock"), (uuid4(), "stock"), (one.session, "warehouse")]
    other, stock, nothing, warehouse = await log.load(keys)
    assert other.session == row(two)
    assert (stock.session, stock.inbox, stock.results) == (None, (to_stock,), (answers[1],))
    assert (nothing.session, nothing.inbox, nothing.results) == (None, (), ())
    assert (warehouse.session, warehouse.inbox, warehouse.results) == (row(one), (to_self,), (answers[0],))


async def test_loading_nothing_is_nothing(world: World) -> None:
    log = await owner(world, "warehouse")
    assert await log.load([]) == []
    assert await log.unfinished([]) == []


async def test_what_a_stranger_wrote_is_no_part_of_a_session(world: World) -> None:
    """The writer is known by how it logged in; a message that says it is from another's role is left out."""
    warehouse, loyalty, payment = [await owner(world, name) for name in ("warehouse", "loyalty", "payment")]
    of = header()
    true, forged = message(of), message(of, site="2")
    await warehouse.flush([burst(of, messages=(true,))])
    await loyalty.flush([burst(of, messages=(forged,))])
    [memory] = await payment.load([(of.session, "payment")])
    assert [kept.site for kept in memory.inbox] == ["1"]


async def test_sessions_are_loaded_by_their_bytes_and_one_at_least(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    sessions = [header() for _ in range(5)]
    sent = [message(of, payload=b'"%s"' % (b"x" * 998)) for of in sessions]
    await log.flush([burst(sent[n].header, messages=(sent[n],)) for n in range(5)])
    monkeypatch.setattr(limits, "row_around_bytes", 0)
    monkeypatch.setattr(limits, "load_bytes_max", 2_000)
    keys = [(of.session, "payment") for of in sessions]
    loaded = await payment.load(keys)
    assert [memory.inbox for memory in loaded] == [(sent[0],), (sent[1],)]
    assert [memory.inbox for memory in await payment.load(keys[4:])] == [(sent[4],)]
    assert len(await payment.load(keys, whole=True)) == 2


async def test_the_messages_of_a_heavy_session_come_in_pages_from_the_one_that_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of, other = header(), header()
    told = message(of, "!abort", kind=Kind.ABORT)
    turns = [message(of, f"2[{n}]", payload=b'"%s"' % (b"x" * 98)) for n in range(12)]
    elsewhere = message(of, "2[9]", receiver="loyalty")
    beside = message(other, "2[9]")
    await log.flush([burst(of, messages=(told, *turns, elsewhere)), burst(other, messages=(beside,))])
    monkeypatch.setattr(limits, "row_around_bytes", 0)
    monkeypatch.setattr(limits, "load_bytes_max", 500)
    [memory, light] = await payment.load([(of.session, "payment"), (other.session, "payment")])
    assert (memory.inbox, memory.more) == ((told,), True)
    assert (light.inbox, light.more) == ((beside,), False)
    [memory] = await payment.load([(of.session, "payment")], whole=True)
    assert ({m.site for m in memory.inbox}, memory.more) == ({"!abort", *(m.site for m in turns)}, False)

    async def page(site: str, sender: str = "warehouse") -> list[str]:
        return [m.site for m in await payment.page(of.session, "payment", site, sender)]

    assert await page("2[8]") == ["2[8]", "2[9]", "2[10]", "2[11]"]
    assert await page("2[12]") == await page("2[8]", "payment") == await page("!abort") == []
    monkeypatch.setattr(limits, "page_rows_max", 2)
    assert await page("2[9]") == ["2[9]", "2[10]"]
    monkeypatch.setattr(limits, "page_rows_max", 9)
    monkeypatch.setattr(limits, "page_bytes_max", 201)
    assert await page("2[3]") == ["2[3]", "2[4]", "2[5]"]


async def test_a_message_for_one_role_is_not_answered_by_the_session_of_another(world: World) -> None:
    """A service may play two roles of a saga: the one that heard of it first leaves the other its messages."""
    log, warehouse = await owner(world, "loyalty"), await owner(world, "warehouse")
    of = header()
    sent = tuple(message(of, "1", role, sender="loyalty") for role in ("warehouse", "stock"))
    await log.flush([burst(of, messages=sent)])
    taken = await warehouse.take(10)
    assert len(taken) == 2
    await warehouse.take(10, taken)
    await warehouse.flush([burst(of, session=row(of))])
    for _ in range(2):
        assert set(await warehouse.unfinished(ALL)) == {(of.session, "warehouse"), (of.session, "stock")}
