"""What people are shown: lists, a session's page, projections."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import msgspec
import orjson

from accompanist.log.search import statement
from accompanist.runtime.ports import Cursor, Parked, Phase, SessionFilter
from tests.log.letters import burst, header, message, result, row
from tests.log.worlds import PostgresWorld, World, owner


async def test_summaries_are_newest_first_and_filtered(world: World) -> None:
    log = await owner(world, "warehouse")
    old = row(header(started_at=1.0), phase=Phase.SETTLED, outcome="settled")
    middle = row(header(started_at=2.0), phase=Phase.ENDED, outcome="ended", reason="declined \x00")
    new = row(header(started_at=3.0), parked=Parked("ACC901", "stuck"), waiting="operator")
    await log.flush([burst(made.header, session=made) for made in (middle, old, new)])

    def ids(rows: object) -> list[object]:
        return [found.session for found in rows]  # type: ignore[attr-defined]

    assert ids(await log.summaries()) == [made.header.session for made in (new, middle, old)]
    assert ids(await log.summaries(limit=1)) == [new.header.session]
    assert ids(await log.summaries(SessionFilter(outcome="settled"))) == [old.header.session]
    assert ids(await log.summaries(SessionFilter(parked=True))) == [new.header.session]
    assert ids(await log.summaries(SessionFilter(parked=False))) == [middle.header.session, old.header.session]
    assert ids(await log.summaries(SessionFilter(session=old.header.session))) == [old.header.session]
    assert ids(await log.summaries(SessionFilter(session=uuid4()))) == []
    [line] = await log.summaries(SessionFilter(outcome="ended"))
    assert (line.role, line.choreography, line.phase, line.reason) == (
        "warehouse",
        "fulfil_order",
        Phase.ENDED,
        "declined \x00",
    )
    [line] = await log.summaries(SessionFilter(parked=True))
    assert (line.parked, line.waiting, line.started_at) == (Parked("ACC901", "stuck"), "operator", 3.0)
    assert line.updated_at > 1_600_000_000


async def test_every_field_narrows_and_all_together(world: World) -> None:
    log = await owner(world, "warehouse")
    one = row(header(started_at=1.0), waiting="Worker: 100% charge_it", retrying=2)
    two = row(header(started_at=2.0, choreography="refill"), "stock", phase=Phase.DONE, vote="done")
    over = row(header(started_at=3.0), phase=Phase.SETTLED, outcome="settled", waiting="nul \x00 in it")
    await log.flush([burst(made.header, session=made) for made in (one, two, over)])

    async def found(**asked: Any) -> set[float]:
        return {line.started_at for line in await log.summaries(SessionFilter(**asked))}

    assert await found(role="stock") == {2.0}
    assert await found(choreography="refill") == {2.0}
    assert await found(phase=Phase.RUNNING) == {1.0}
    assert await found(open=True) == {1.0, 2.0}
    assert await found(open=False) == {3.0}
    assert await found(retrying=True) == {1.0}
    assert await found(retrying=False) == {2.0, 3.0}
    assert await found(waiting="worker: 100%") == {1.0}
    assert await found(waiting="_it") == {1.0}, "no pattern, only text"
    assert await found(waiting="charge%it") == set()
    assert await found(open=True, role="warehouse", retrying=True, waiting="charge") == {1.0}
    assert await found(open=True, role="stock", retrying=True) == set()
    assert await found(idle_s=60.0) == set()
    await world.pass_time(120)
    assert await found(idle_s=60.0, open=True) == {1.0, 2.0}
    assert await found(older_s=60.0) == {1.0, 2.0, 3.0}
    assert await found(older_s=1e12) == set()


async def test_pages_follow_one_another_whatever_is_begun_meanwhile(world: World) -> None:
    log = await owner(world, "warehouse")
    rows = [row(header(started_at=float(number // 3)), role) for number in range(9) for role in ("stock", "warehouse")]
    await log.flush([burst(made.header, session=made) for made in rows])
    whole = [line.cursor for line in await log.summaries()]
    seen: list[Cursor] = []
    while page := await log.summaries(after=seen[-1] if seen else None, limit=4):
        seen += [line.cursor for line in page]
        newer = row(header(started_at=100.0))
        await log.flush([burst(newer.header, session=newer)])
    assert seen == whole


async def test_a_page_tells_everything_of_one_session(world: World) -> None:
    log = await owner(world, "warehouse")
    of, other = header(), header()
    away, lost, home = message(of, "1"), message(of, "2", "lost"), message(of, "3", "stock", payload=b"[1]")
    written = row(of)
    await log.flush([burst(of, session=written, results=(result(of),), messages=(away, lost), home=(home,))])
    await log.flush([burst(other, session=row(other))])
    await world.collect("warehouse", of.session, "loyalty")
    story = await log.show(of.session)
    assert story is not None
    assert story.rows == (written,)
    assert [
        (told.place, told.site, told.receiver, told.payload, told.service, told.answer) for told in story.messages
    ] == [
        ("inbox", "3", "stock", b"[1]", "warehouse", "stored"),
        ("outbox", "2", "lost", b'{"n":1}', "nobody", "nowhere"),
    ]
    assert [(answer.site, answer.operation, answer.value) for answer in story.results] == [("1", "reserve", b'{"n":1}')]
    assert story.stubs == (("loyalty", "settled"),)
    assert orjson.loads(msgspec.json.encode(story))["session"] == str(of.session), "a page is JSON as it is"
    assert await log.show(uuid4()) is None


async def test_projections_are_kept_once(world: World) -> None:
    log = await world.sidecar("warehouse")
    projection = {"choreography": "c", "fingerprint": "f", "role": "r", "source": "text"}
    await log.register([projection, projection | {"role": "s", "source": b"bytes"}])
    await log.register([projection | {"source": "another"}])


async def test_sessions_are_found_by_what_their_clients_gave_them(world: World) -> None:
    log = await owner(world, "warehouse")
    gold = header(attributes={"customer": "gold", "channel": "web"})
    silver = header(attributes={"customer": 'silver=é"}', "channel": "web"})
    none = header(choreography="customer=gold", bindings={"attributes": "warehouse", "customer": "gold"})
    for of in (gold, silver, none):
        await log.flush([burst(of, session=row(of)), burst(of, session=row(of, phase=Phase.DONE))])

    async def found(**attributes: str) -> set[UUID]:
        return {line.session for line in await log.summaries(SessionFilter(attributes=attributes))}

    assert await found(customer="gold") == {gold.session}
    assert await found(channel="web") == {gold.session, silver.session}
    assert await found(channel="web", customer='silver=é"}') == {silver.session}
    assert await found(customer="web") == set()
    assert await found() == {gold.session, silver.session, none.session}
    [line] = await log.summaries(SessionFilter(session=silver.session))
    assert line.attributes == silver.attributes
    assert [kept.attributes for kept in await log.summaries(SessionFilter(session=none.session))] == [{}]


async def test_attributes_have_an_index_and_cost_others_nothing(postgres_world: PostgresWorld) -> None:
    log = await owner(postgres_world, "warehouse")
    rows = [row(header(attributes={"n": str(number)} if number % 2 else {})) for number in range(200)]
    await log.flush([burst(made.header, session=made) for made in rows])
    admin = await postgres_world.connect("warehouse")
    query, values = statement(SessionFilter(attributes={"n": "7"}), None, 10)
    await admin.execute("SET enable_seqscan = off; SET enable_sort = on; SET enable_indexscan = off; ANALYZE session")
    plan = "\n".join(row[0] for row in await admin.fetch(f"EXPLAIN {query}", *values))
    assert "session_attributes" in plan
    assert await admin.fetchval("SELECT count(*) FROM session WHERE attributes IS NULL") == 100
    broken = b'{"attributes":{"a":"\\u0000","b"'
    assert await admin.fetchval("SELECT attributes_of($1)", broken) is None, "no commit fails for it"
    await admin.close()
