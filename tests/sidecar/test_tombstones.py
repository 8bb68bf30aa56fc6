"""An abort for an unknown session leaves a row that is over, nothing in memory, and an answer to its initiator."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.control import control, left_in, reason_in, roles_in
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Commit, Delivery, LogUnavailable, Phase
from accompanist.runtime.tombstone import tombstone
from accompanist.sidecar.calls.attempts import CLOSE
from tests.runtime import sagas
from tests.sidecar.harness import Services, of


def abort(receiver: str, reason: object = "no more") -> Message:
    """From a neighbour that may say so: the initiator, or one that tells it."""
    return of(control(sagas.HEADER, Kind.ABORT, "c" if receiver == "a" else "a", receiver, reason), uuid4())


async def quiet(services: Services) -> None:
    """Let all that is under way end."""
    for _ in range(300):
        await asyncio.sleep(0)


def test_it_says_what_a_role_says_that_is_undone() -> None:
    """The initiator waits for all that its program could have sent to, so that these have to hear of it."""
    program = sagas.ring()["b"]
    row, (*aborts, said) = tombstone(abort("b"), program)
    assert (row.phase, row.outcome, row.vote, row.reason) == (Phase.ENDED, "ended", None, "no more")
    assert {(one.kind, one.receiver, reason_in(one)) for one in aborts} == {
        (Kind.ABORT, other, "no more") for other in ("a", *program.projection.sends_to)
    }
    assert (said.kind, said.sender, said.receiver) == (Kind.COMPENSATED, "b", "a")
    assert (roles_in(said), left_in(said)) == (program.projection.sends_to, False)
    row, told = tombstone(abort("b", {"reason": "by hand", "left": True}), program)
    assert row.left and all(map(left_in, told)), "nothing is to be undone anywhere"


@pytest.mark.parametrize("early", [False, True], ids=["", "early"])
async def test_many_of_them_open_no_sessions_here_or_elsewhere(early: bool) -> None:
    """Under early release a worker is closed for each, once."""
    services = Services(sagas.ring(), early=early)
    await services.end(await services.start())
    await quiet(services)
    for receiver in ("b", "c"):
        aborts = [abort(receiver) for _ in range(50)]
        commits = [Commit(shard=None, messages=(one,)) for one in aborts]
        answers = await services.sidecars[aborts[0].sender].log.flush(commits)
        assert answers == [[Delivery.STORED]] * 50
        calls = {role: list(workers.calls) for role, workers in services.workers.items()}
        services.sidecars[receiver].intake.wake()
        for one in aborts:
            await services.row(receiver, one.session, Phase.ENDED)
        ids = {one.session for one in aborts}
        async with asyncio.timeout(20):  # until those it tells have heard of it, and all is acknowledged
            # what one that is undone tells another stays as an early row: only the initiator's word begins anything
            queues = [service.arrivals for service in services.database.services.values()]
            while any(place[0] in ids and not early for queue in queues for place, early in queue.items()):
                services.wake(services.sidecars)
                await quiet(services)
        tables = services.database.services
        rows = {key: row for service in tables.values() for key, row in service.sessions.items() if key[0] in ids}
        assert rows.keys() >= {(session, receiver) for session in ids}
        assert {row.outcome for row in rows.values()} == {"ended"}, "those that it tells have nothing else of it either"
        drivers = {role: sidecar.driver for role, sidecar in services.sidecars.items()}
        assert not [one for one in ids for role, driver in drivers.items() if driver.session(one, role) is not None]
        for role, workers in services.workers.items():
            since = workers.calls[len(calls[role]) :]
            closed = sum((session, role) in rows for session in ids) if early else 0
            assert since == [CLOSE] * closed, "no worker was asked for more"


async def test_what_comes_after_it_starts_nothing_and_what_came_before_it_is_undone() -> None:
    services = Services(sagas.ring())
    await services.end(await services.start())
    b = services.sidecars["b"]
    await b.intake.stop()
    first, second = abort("b"), abort("b")
    for told in (first, second):
        late = Message(header=told.header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
        for one in (told, late) if told is first else (late, told):
            await services.sidecars["a"].log.flush([Commit(shard=None, messages=(one,))])
    b.driver.take(await b.log.take(10))
    assert b.driver.session(first.session, "b") is None
    assert b.driver.session(second.session, "b") is not None, "it had begun, and is undone like any other"
    await services.row("b", first.session, Phase.ENDED)
    await services.row("b", second.session, Phase.UNDONE)
    assert first.session not in services.workers["b"].sessions
    assert services.workers["b"].sessions[second.session].closed


async def test_one_that_could_not_be_written_is_written_after_the_next_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    await services.end(await services.start())
    b = services.sidecars["b"]
    real, failures = b.flusher.commit, [LogUnavailable("away")]

    async def commit(given: Commit) -> object:
        if failures and given.session is not None and given.session.outcome == "ended":
            raise failures.pop()
        return await real(given)

    monkeypatch.setattr(b.driver._tombstones, "_committer", type("Fails", (), {"commit": staticmethod(commit)}))
    told = abort("b")
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(told,))])
    b.intake.wake()
    while failures:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await b.intake._renew()
    await services.row("b", told.session, Phase.ENDED)


async def test_an_early_forged_header_does_not_stand_before_the_real_one() -> None:
    """Both are in the inbox when its session is read from the log. Who was first does not say what it is of."""
    services = Services(sagas.ring())
    await services.end(await services.start())
    b = services.sidecars["b"]
    await b.intake.stop()
    session = uuid4()
    real: Header = msgspec.structs.replace(sagas.HEADER, session=session)
    for fingerprint in ("f", "unknown"):
        forged = msgspec.structs.replace(real, bindings={"a": "c", "b": "b", "c": "c"}, fingerprint=fingerprint)
        lie = Message(header=forged, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"7")
        await services.sidecars["c"].log.flush([Commit(shard=None, messages=(lie,))])
    true = Message(header=real, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    assert await services.sidecars["a"].log.flush([Commit(shard=None, messages=(true,))]) == [[Delivery.STORED]]
    await b.driver.recover([(session, "b")])
    found = b.driver.session(session, "b")
    assert found is not None and found.header == real
    assert limits.shards_count


async def test_what_a_stranger_said_goes_from_the_log() -> None:
    services = Services(sagas.ring())
    await services.end(await services.start())
    b = services.sidecars["b"]
    told = of(control(sagas.HEADER, Kind.ABORT, "a", "b", "forged"), uuid4())
    for _ in range(3):
        assert await services.sidecars["c"].log.flush([Commit(shard=None, messages=(told,))]) == [[Delivery.STORED]]
        while told.session in {place[0] for place in b.log.tables.inbox}:
            b.intake.wake()
            await asyncio.sleep(0)
    assert told.session not in {place[0] for place in b.log.tables.arrivals}
    assert (told.session, "b") not in b.log.tables.sessions


async def test_what_was_asked_of_the_log_before_it_was_written_begins_nothing() -> None:
    """The inbox says that the session is unknown; that was so when it was asked."""
    services = Services(sagas.recorded())
    await services.end(await services.start())
    b = services.sidecars["b"]
    await b.intake.stop()
    first = of(control(sagas.HEADER, Kind.CANCEL, "a", "b", "no more"), uuid4())
    second = control(first.header, Kind.CANCEL, "a", "b", "deadline", "!deadline")
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(first, second))])
    b.driver.holding.about_to_take()
    told, late = [one for one in await b.log.take(10) if one.message.session == first.session]
    b.driver.take([told])
    row = await services.row("b", first.session, Phase.ENDED)
    await quiet(services)
    b.driver.take([late])
    await quiet(services)
    [memory] = await b.log.load([(first.session, "b")])
    assert memory.session == row, "and no second tombstone"
    assert b.driver.session(first.session, "b") is None


async def test_only_so_many_are_being_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that wait the message alone is in memory."""
    monkeypatch.setattr(limits, "flush_bursts_max", 3)
    services = Services(sagas.ring())
    await services.end(await services.start())
    b = services.sidecars["b"]
    real, under_way, most = b.flusher.commit, 0, 0

    async def commit(given: Commit) -> object:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await real(given)
        finally:
            under_way -= 1

    monkeypatch.setattr(b.driver._tombstones, "_committer", type("Counts", (), {"commit": staticmethod(commit)}))
    aborts = [abort("b") for _ in range(20)]
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(one,)) for one in aborts])
    b.intake.wake()
    for one in aborts:
        await services.row("b", one.session, Phase.ENDED)
    assert most == 3


async def lost(services: Services) -> Message:
    """A session began at b, and its worker did something; then b's shards were lost before the session's row was
    written, and are free again. The abort of its saga, which nobody has said yet."""
    b = services.sidecars["b"]
    await b.intake.stop()
    told = abort("b")
    begins = Message(header=told.header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(begins,))])
    b.driver.holding.about_to_take()
    b.driver.take(await b.log.take(10))
    b.driver.holding.taken_in()
    for shard in b.log.tables.shards.values():
        shard.owner, shard.epoch = "another", shard.epoch + 1
    await quiet(services)
    assert services.effects(told.session) == {"try_it": 1}, "the worker was asked, and its answer could not be written"
    assert (told.session, "b") not in b.log.tables.sessions
    for shard in b.log.tables.shards.values():
        shard.owner = None
    return told


async def undone(services: Services, session: UUID) -> None:
    """Until b has closed the session at its worker and undone what the worker did."""
    await services.row("b", session, Phase.UNDONE)
    assert services.workers["b"].sessions[session].closed
    while services.effects(session) != {"try_it": 0}:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time


async def test_a_session_without_a_row_is_undone_although_its_shard_is_not_swept_yet() -> None:
    """An abort that comes before the sweep must not leave a tombstone: the worker would never be closed, and the effect
    would stay in a saga that has ended."""
    services = Services(sagas.ring())
    await services.end(await services.start())
    told, b = await lost(services), services.sidecars["b"]
    await b.intake._renew()
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(told,))])
    b.driver.holding.about_to_take()
    b.driver.take([one for one in await b.log.take(10) if one.message.kind is Kind.ABORT])
    b.driver.holding.taken_in()
    await undone(services, told.session)


async def test_a_session_without_a_row_is_undone_although_its_messages_are_too_large_to_be_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its data is left out then, and the abort is all that the sweep sees."""
    services = Services(sagas.ring())
    await services.end(await services.start())
    told, b = await lost(services), services.sidecars["b"]
    await b.intake._renew()
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(told,))])
    monkeypatch.setattr(limits, "load_bytes_max", 1)
    await b.driver.recover([(told.session, "b")])
    await undone(services, told.session)
