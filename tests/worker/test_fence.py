"""The fence on a real Postgres, used as a worker of any language would."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID, uuid4

import asyncpg
import pytest

from accompanist import limits
from accompanist.errors import OperatorError
from accompanist.worker import fence
from accompanist.worker.fence import Fence
from tests.postgres import Database
from tests.worker.conftest import ROLE, SCHEMA, Connect, do, effects, key, until_waiting


async def closing(
    connection: asyncpg.Connection, the_fence: Fence, session: UUID, unless: str | None = None, role: str = ROLE
) -> dict[str, object]:
    async with connection.transaction():
        found: dict[str, object] = json.loads(await the_fence.close(connection, session, role, unless))
        return found


async def test_a_call_runs_once_and_its_repeat_reads_the_reply(connect: Connect, the_fence: Fence) -> None:
    db, call = await connect(), key()
    assert await do(db, the_fence, call, '{"b":2,"a":1}') == ("ran", '{"b":2,"a":1}')
    assert await do(db, the_fence, call, "other") == ("replied", '{"b":2,"a":1}')
    assert await effects(db) == ["forward 1"]


async def test_a_call_that_was_rolled_back_runs_again(connect: Connect, the_fence: Fence) -> None:
    db, call = await connect(), key()
    attempt = db.transaction()
    await attempt.start()
    assert (await the_fence.enter(db, call))[0] == "run"
    await the_fence.leave(db, call, "1")
    await attempt.rollback()
    assert await do(db, the_fence, call) == ("ran", "1")


@pytest.mark.parametrize("commits", [True, False])
async def test_a_concurrent_repeat_waits_for_the_first(connect: Connect, the_fence: Fence, commits: bool) -> None:
    first, second, watcher, call = await connect(), await connect(), await connect(), key()
    attempt = first.transaction()
    await attempt.start()
    assert await the_fence.enter(first, call) == ("run", None)
    repeat = asyncio.create_task(do(second, the_fence, call, "second"))
    await until_waiting(watcher)
    await the_fence.leave(first, call, "first")
    await (attempt.commit() if commits else attempt.rollback())
    assert await repeat == (("replied", "first") if commits else ("ran", "second"))


async def test_many_concurrent_repeats_have_one_effect(connect: Connect, the_fence: Fence) -> None:
    call, connections = key(), [await connect() for _ in range(8)]
    answers = await asyncio.gather(*(do(each, the_fence, call, str(n)) for n, each in enumerate(connections)))
    assert sorted(status for status, _ in answers) == ["ran", *["replied"] * 7]
    assert len({answer for _, answer in answers}) == 1
    assert await effects(connections[0]) == ["forward 1"]


async def test_a_snapshot_taken_too_early_meets_the_primary_key(connect: Connect, the_fence: Fence) -> None:
    early, other, call = await connect(), await connect(), key()
    attempt = early.transaction(isolation="serializable")
    await attempt.start()
    await early.fetchval("SELECT count(*) FROM effect")
    await do(other, the_fence, call)
    assert (await the_fence.enter(early, call))[0] == "run"
    with pytest.raises((asyncpg.UniqueViolationError, asyncpg.SerializationError)):
        await the_fence.leave(early, call, "1")
    await attempt.rollback()
    assert await effects(other) == ["forward 1"]


@pytest.mark.parametrize("other", [{"arguments": '{"n":2}'}, {"operation": "plane"}])
async def test_a_key_is_not_used_for_something_else(connect: Connect, the_fence: Fence, other: dict[str, str]) -> None:
    db, session = await connect(), uuid4()
    await do(db, the_fence, key(session))
    assert await do(db, the_fence, key(session, **other)) == ("reused", None)


async def test_sessions_roles_and_sites_are_apart(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    calls = [key(session), key(session, site="2"), key(session, role="mason"), key()]
    assert [(await do(db, the_fence, call))[0] for call in calls] == ["ran"] * 4


async def test_a_refusal_is_final(connect: Connect, the_fence: Fence) -> None:
    db, call = await connect(), key()
    assert await the_fence.refuse(db, call, "no wood") == ("declined", "no wood")
    assert await do(db, the_fence, call) == ("declined", "no wood")
    assert await the_fence.refuse(db, call, "too late") == ("declined", "no wood")


async def test_a_refusal_after_a_repeat_has_succeeded_is_that_reply(connect: Connect, the_fence: Fence) -> None:
    db, call = await connect(), key()
    await do(db, the_fence, call, "7")
    assert await the_fence.refuse(db, call, "no wood") == ("replied", "7")


async def test_a_refusal_may_be_written_after_a_savepoint(connect: Connect, the_fence: Fence) -> None:
    db, call = await connect(), key()
    async with db.transaction():
        await the_fence.enter(db, call)
        effect = db.transaction()
        await effect.start()
        await db.execute("INSERT INTO effect VALUES ('undone')")
        await effect.rollback()
        assert await the_fence.refuse(db, call, "no wood") == ("declined", "no wood")
    assert await effects(db) == []


async def test_close_lists_what_was_executed_in_commit_order(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    for site, operation in (("7[2].3", "saw"), ("2", "plane"), ("5", "glue")):
        await do(db, the_fence, key(session, site=site, operation=operation, arguments='{"name":"é\\"\\u0000"}'))
    await the_fence.refuse(db, key(session, site="6"), "no wood")
    await do(db, the_fence, key(session, site="2", kind="compensate", arguments='{"name":"é\\"\\u0000"}'))
    await do(db, the_fence, key(session, role="mason"))
    told = await closing(db, the_fence, session)
    arguments = {"name": 'é"\0'}
    assert told == {
        "closed": True,
        "executed": [
            {"site": "7[2].3", "operation": "saw", "arguments": arguments},
            {"site": "5", "operation": "glue", "arguments": arguments},
        ],
    }
    assert await closing(db, the_fence, session) == told


async def test_commit_order_is_not_the_order_of_entering(connect: Connect, the_fence: Fence) -> None:
    slow, fast, session = await connect(), await connect(), uuid4()
    attempt = slow.transaction()
    await attempt.start()
    await the_fence.enter(slow, key(session, site="1"))
    await do(fast, the_fence, key(session, site="2"))
    await the_fence.leave(slow, key(session, site="1"), "1")
    await attempt.commit()
    told = await closing(fast, the_fence, session)
    assert [entry["site"] for entry in told["executed"]] == ["2", "1"]  # type: ignore[attr-defined]


async def test_two_that_leave_at_once_are_numbered_as_they_commit(connect: Connect, the_fence: Fence) -> None:
    first, second, watcher, session = await connect(), await connect(), await connect(), uuid4()
    attempt = first.transaction()
    await attempt.start()
    await the_fence.enter(first, key(session, site="1"))
    await the_fence.leave(first, key(session, site="1"), "1")
    other = asyncio.create_task(do(second, the_fence, key(session, site="2")))
    await until_waiting(watcher)
    await attempt.commit()
    await other
    told = await closing(first, the_fence, session)
    assert [entry["site"] for entry in told["executed"]] == ["1", "2"]  # type: ignore[attr-defined]


async def test_a_late_call_finds_the_door_shut(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    await do(db, the_fence, key(session))
    await closing(db, the_fence, session)
    assert await do(db, the_fence, key(session, site="2")) == ("closed", None)
    assert await do(db, the_fence, key(session)) == ("closed", None)
    assert await the_fence.refuse(db, key(session, site="3"), "no wood") == ("closed", None)
    assert (await do(db, the_fence, key(session, role="mason")))[0] == "ran"


async def test_closing_a_session_nobody_knows_shuts_it(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    assert await closing(db, the_fence, session) == {"closed": True, "executed": []}
    assert await do(db, the_fence, key(session)) == ("closed", None)


async def test_close_waits_for_a_call_under_way(connect: Connect, the_fence: Fence) -> None:
    caller, closer, watcher, session = await connect(), await connect(), await connect(), uuid4()
    attempt = caller.transaction()
    await attempt.start()
    await the_fence.enter(caller, key(session))
    told = asyncio.create_task(closing(closer, the_fence, session))
    await until_waiting(watcher)
    await the_fence.leave(caller, key(session), "1")
    await attempt.commit()
    assert [entry["site"] for entry in (await told)["executed"]] == ["1"]  # type: ignore[attr-defined]


async def test_a_call_waits_for_a_close_under_way(connect: Connect, the_fence: Fence) -> None:
    caller, closer, watcher, session = await connect(), await connect(), await connect(), uuid4()
    attempt = closer.transaction()
    await attempt.start()
    await the_fence.close(closer, session, ROLE, None)
    late = asyncio.create_task(do(caller, the_fence, key(session)))
    await until_waiting(watcher)
    await attempt.commit()
    assert await late == ("closed", None)


async def test_close_waits_for_so_long_only(
    connect: Connect, the_fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "fence_close_wait_ms", 1)
    caller, closer, session = await connect(), await connect(), uuid4()
    attempt = caller.transaction()
    await attempt.start()
    await the_fence.enter(caller, key(session))
    with pytest.raises(asyncpg.LockNotAvailableError):
        await closing(closer, the_fence, session)
    await attempt.rollback()
    assert (await closing(closer, the_fence, session))["closed"] is True


async def test_close_unless_goes_on_with_a_reply_that_is_there(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    await do(db, the_fence, key(session), '{"sawn":true}')
    assert await closing(db, the_fence, session, unless="1") == {"closed": False, "reply": {"sawn": True}}
    assert (await do(db, the_fence, key(session, site="2")))[0] == "ran"


@pytest.mark.parametrize("refused", [True, False])
async def test_close_unless_closes_without_a_reply(connect: Connect, the_fence: Fence, refused: bool) -> None:
    db, session = await connect(), uuid4()
    if refused:
        await the_fence.refuse(db, key(session), "no wood")
    assert await closing(db, the_fence, session, unless="1") == {"closed": True, "executed": []}
    assert await do(db, the_fence, key(session)) == ("closed", None)


async def test_close_unless_does_not_open_a_shut_door(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    await do(db, the_fence, key(session))
    await closing(db, the_fence, session)
    assert (await closing(db, the_fence, session, unless="1"))["closed"] is True


async def test_a_compensation_runs_once_also_after_closing(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    undo = key(session, kind="compensate", operation="mend")
    await do(db, the_fence, key(session))
    await closing(db, the_fence, session)
    assert await do(db, the_fence, undo, "null") == ("ran", "null")
    assert await do(db, the_fence, undo, "null") == ("replied", "null")
    assert await effects(db) == ["compensate 1", "forward 1"]
    assert await closing(db, the_fence, session) == {"closed": True, "executed": []}


@pytest.mark.parametrize("refused", [True, False])
async def test_a_compensation_of_what_never_ran_is_done_and_final(
    connect: Connect, the_fence: Fence, refused: bool
) -> None:
    db, session = await connect(), uuid4()
    if refused:
        await the_fence.refuse(db, key(session), "no wood")
    undo = key(session, kind="compensate", operation="mend")
    assert await do(db, the_fence, undo) == ("replied", "null")
    assert await do(db, the_fence, undo) == ("replied", "null")
    assert await do(db, the_fence, key(session)) == ("closed", None)
    assert await effects(db) == []


async def test_a_compensation_waits_for_the_call_it_undoes(connect: Connect, the_fence: Fence) -> None:
    caller, undoer, watcher, session = await connect(), await connect(), await connect(), uuid4()
    attempt = caller.transaction()
    await attempt.start()
    await the_fence.enter(caller, key(session))
    undone = asyncio.create_task(do(undoer, the_fence, key(session, kind="compensate", operation="mend")))
    await until_waiting(watcher)
    await the_fence.leave(caller, key(session), "1")
    await attempt.commit()
    assert (await undone)[0] == "ran"


async def test_a_compensation_has_the_arguments_of_what_it_undoes(connect: Connect, the_fence: Fence) -> None:
    db, session = await connect(), uuid4()
    await do(db, the_fence, key(session))
    undo = key(session, kind="compensate", operation="mend", arguments='{"n":2}')
    assert await do(db, the_fence, undo) == ("reused", None)


async def test_forgetting_leaves_other_sessions(connect: Connect, the_fence: Fence) -> None:
    db, one, two = await connect(), uuid4(), uuid4()
    for session in (one, two):
        await do(db, the_fence, key(session))
    await closing(db, the_fence, one)
    assert await the_fence.forget(db, [one, uuid4()]) == 2
    assert (await do(db, the_fence, key(one)))[0] == "ran"
    assert (await do(db, the_fence, key(two)))[0] == "replied"


async def test_installing_again_keeps_what_is_there(connect: Connect, the_fence: Fence) -> None:
    db, other, call = await connect(), await connect(), key()
    await do(db, the_fence, call)
    await asyncio.gather(fence.install(db, SCHEMA), fence.install(other, SCHEMA))
    await fence.verify(db, SCHEMA)
    assert (await do(db, the_fence, call))[0] == "replied"


OLDER = """
ALTER TABLE fence_shut RENAME TO fence_closed;
DROP TABLE fence_gate;
CREATE FUNCTION fence_lock_id(p_what text, p_session uuid, p_role text, p_site text) RETURNS bigint
LANGUAGE sql RETURN hashtextextended(concat_ws(' ', p_what, p_session, p_role, p_site), 20);
DELETE FROM fence_version WHERE version > 3;
INSERT INTO fence_version VALUES (3)"""
"""The tables of a fence of version 3, from those of this one."""


async def test_doors_that_were_shut_before_version_4_stay_shut(connect: Connect, the_fence: Fence) -> None:
    db, other, shut, done = await connect(), await connect(), uuid4(), key()
    await do(db, the_fence, done)
    await closing(db, the_fence, shut)
    await db.execute(OLDER)
    with pytest.raises(OperatorError, match="ACC511"):
        await fence.verify(db, SCHEMA)
    await asyncio.gather(fence.install(db, SCHEMA), fence.install(other, SCHEMA))
    await fence.verify(db, SCHEMA)
    assert await do(db, the_fence, key(shut)) == ("closed", None)
    assert (await do(db, the_fence, done))[0] == "replied"
    left = "SELECT to_regclass('fence_closed') IS NULL AND to_regproc('fence_lock_id') IS NULL"
    assert await db.fetchval(left)


async def test_an_installation_waits_for_calls_that_began_before_version_4(connect: Connect) -> None:
    caller, installer, watcher = await connect(), await connect(), await connect()
    await caller.execute(OLDER)
    under_way = caller.transaction()
    await under_way.start()
    await caller.execute("SELECT FROM fence_closed")  # as its fence_enter has
    installing = asyncio.create_task(fence.install(installer, SCHEMA))
    await until_waiting(watcher)
    assert not installing.done()
    await under_way.rollback()
    await installing


async def test_two_sessions_with_the_same_gate_wait_for_each_other_and_both_run(
    connect: Connect, the_fence: Fence
) -> None:
    """Gates are found by a hash, and there are fewer than there may be sessions."""
    first, second, watcher, call = await connect(), await connect(), await connect(), key()
    gate = await first.fetchval("SELECT fence_gate_of(1, $1, $2, '1')", call.session, ROLE)
    same = await first.fetchval(
        "SELECT id FROM generate_series(1, 1000000) AS n, LATERAL (SELECT lpad(n::text, 32, '0')::uuid AS id) AS made"
        " WHERE fence_gate_of(1, id, $1, '1') = $2 LIMIT 1",
        ROLE,
        gate,
    )
    attempt = first.transaction()
    await attempt.start()
    await the_fence.enter(first, call)
    other = asyncio.create_task(do(second, the_fence, key(same)))
    await until_waiting(watcher)
    await the_fence.leave(first, call, "1")
    await attempt.commit()
    assert await other == ("ran", "1")


async def test_what_is_missing_is_said(connect: Connect) -> None:
    db = await connect()
    with pytest.raises(OperatorError, match="ACC512"):
        await fence.verify(db, "elsewhere")
    await db.execute("CREATE SCHEMA elsewhere")
    with pytest.raises(OperatorError, match="accompanist fence install --schema elsewhere"):
        await fence.verify(db, "elsewhere")
    await db.execute("INSERT INTO fence_version VALUES (99)")
    for refuse in (fence.verify, fence.install):
        with pytest.raises(OperatorError, match="ACC513"):
            await refuse(db, SCHEMA)


async def test_a_database_that_may_forget_is_refused(connect: Connect) -> None:
    db = await connect()
    await db.execute("SET synchronous_commit = off")
    with pytest.raises(OperatorError, match="ACC517"):
        await fence.verify(db, SCHEMA)


async def test_two_schemas_of_one_database_are_apart(connect: Connect, blank_database: Database) -> None:
    db, session = await connect(), uuid4()
    await fence.install(db, "other_worker")
    await closing(db, Fence("other_worker"), session)
    assert (await do(db, Fence(SCHEMA), key(session)))[0] == "ran"


@pytest.mark.parametrize("name", ["", "Bench", "a b", 'a"b', "1a", "a" * 64, "a;drop"])
def test_a_schema_is_a_plain_identifier(name: str) -> None:
    with pytest.raises(OperatorError, match="ACC514"):
        Fence(name)


OFFERED = "SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
STORED = "SELECT pg_column_compression(arguments), pg_column_compression(answer), octet_length(answer) FROM fence_call"
AS_BEFORE = """
ALTER TABLE fence_call ALTER arguments SET COMPRESSION default, ALTER answer SET COMPRESSION default,
    ALTER arguments SET STORAGE EXTENDED, ALTER answer SET STORAGE EXTENDED"""
LARGE = json.dumps([f"kettle {number}" for number in range(5000)])


async def test_large_values_are_compressed_with_what_costs_least(connect: Connect, the_fence: Fence) -> None:
    """Also in a fence of this version that was installed before they were."""
    db = await connect()
    best = "lz4" if await db.fetchval(OFFERED) else None
    for _ in range(2):
        await do(db, the_fence, key(arguments=LARGE), LARGE)
        assert tuple(await db.fetchrow(STORED)) == (best, best, len(LARGE))
        await db.execute("TRUNCATE fence_call")
        await db.execute(AS_BEFORE)
        await fence.install(db, SCHEMA)


async def test_who_has_chosen_how_values_are_stored_keeps_it(connect: Connect, the_fence: Fence) -> None:
    db = await connect()
    await db.execute(AS_BEFORE)
    await db.execute("ALTER TABLE fence_call ALTER arguments SET COMPRESSION pglz, ALTER answer SET COMPRESSION pglz")
    await fence.install(db, SCHEMA)
    await do(db, the_fence, key(arguments=LARGE), LARGE)
    assert tuple(await db.fetchrow(STORED)) == ("pglz", "pglz", len(LARGE))


async def test_an_installation_does_not_wait_for_calls_to_change_how_values_are_stored(
    connect: Connect, the_fence: Fence
) -> None:
    db, other = await connect(), await connect()
    await db.execute(AS_BEFORE)
    under_way = other.transaction()
    await under_way.start()
    await the_fence.enter(other, key())
    await fence.install(db, SCHEMA)
    await under_way.rollback()
    await fence.verify(db, SCHEMA)
