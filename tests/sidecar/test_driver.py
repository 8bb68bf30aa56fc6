"""The driver over a verified fake log: what leaves, when, and what a second sidecar recovers from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.answers import Fault
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Phase
from accompanist.sidecar.sessions.commits import Committer
from tests.runtime import sagas
from tests.sidecar.harness import Services, few, of


async def test_a_saga_settles_through_three_services() -> None:
    services = Services(sagas.ring())
    session = await services.start()
    row = await services.end(session)
    assert (row.outcome, row.result) == ("settled", b"5")
    assert services.effects(session) == {"do": 1, "try_it": 1, "last": 1, "finish": 1}


@pytest.mark.parametrize("decline", ["do", "try_it", "last", "finish"])
async def test_a_refusal_undoes_all_of_it(decline: str) -> None:
    services = Services(sagas.ring(), decline)
    session = await services.start()
    row = await services.end(session)
    assert (row.outcome, row.reason) == ("ended", f"{decline} says no")
    assert set(services.effects(session).values()) <= {0}


async def test_faults_are_masked() -> None:
    services = Services(sagas.ring())
    services.workers["b"].answers = [Fault("connection refused")] * (limits.call_attempts_max - 1)
    session = await services.start()
    assert (await services.end(session)).outcome == "settled"


async def test_a_spent_budget_undoes() -> None:
    services = Services(sagas.ring())
    services.workers["b"].answers = [Fault("connection refused")] * limits.call_attempts_max
    session = await services.start()
    row = await services.end(session)
    assert (row.outcome, row.reason) == ("ended", "try_it gives no answer")
    assert set(services.effects(session).values()) == {0}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_log_that_does_not_answer_only_delays(when: str) -> None:
    services = Services(sagas.ring())
    sessions = [await services.start() for _ in range(5)]
    services.database.fail(when, times=15)
    assert {(await services.end(session)).outcome for session in sessions} == {"settled"}


@pytest.mark.parametrize("victim", ["a", "b", "c"])
@pytest.mark.parametrize("decline", ["", "last"])
async def test_another_sidecar_takes_over_and_the_old_one_writes_nothing(victim: str, decline: str) -> None:
    services = Services(sagas.ring(), decline)
    sessions = [await services.start() for _ in range(20)]
    old = services.sidecars[victim]
    for _ in range(40):
        await asyncio.sleep(0)
    services.now += limits.lease_ms / 1000 + 1
    services.add(victim)
    rows = [await services.end(session) for session in sessions]
    assert {row.outcome for row in rows} == {"ended" if decline else "settled"}
    for session in sessions:
        assert set(services.effects(session).values()) <= ({0} if decline else {1})
    assert old.log.epoch(0) != services.sidecars[victim].log.epoch(0)


@pytest.mark.parametrize("decline", ["", "last"])
async def test_a_lease_that_ran_out_under_its_owner_loses_no_session(decline: str) -> None:
    """Nobody else took the shards, but what was decided under the old epoch is refused, and must be decided anew."""
    with few("lease_renew_ms", 5):
        services = Services(sagas.ring(), decline)
        sessions = []
        for _ in range(12):
            sessions.append(await services.start())
            services.now += limits.lease_ms / 1000 + 1
            await asyncio.sleep(0)
        assert {(await services.end(session)).outcome for session in sessions} == {"ended" if decline else "settled"}
        for session in sessions:
            for role in ("b", "c"):
                await services.row(role, session, Phase.ENDED if decline else Phase.SETTLED)


class Held:
    """A committer that holds back rows which only cache, until it is let go."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self.let_go = asyncio.Event()
        self.holds = asyncio.Event()

    async def commit(self, commit: Commit) -> Sequence[Delivery]:
        if commit.session is not None and commit.session.outcome is None and not (commit.results or commit.messages):
            self.holds.set()
            await self.let_go.wait()
        return await self._committer.commit(commit)


async def test_a_session_that_ends_while_its_row_is_written_ends_in_the_log_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "lazy_write_ms", 0)
    services = Services(sagas.ring())
    services.workers["b"].turns = 10
    held = Held(services.sidecars["b"].flusher)
    monkeypatch.setattr(services.sidecars["b"].driver._output, "_committer", held)
    session = await services.start()
    await held.holds.wait()
    monkeypatch.setattr(limits, "lazy_write_ms", 200)  # the last row is due after the one that is held
    await services.over("b", session)
    held.let_go.set()
    await services.row("b", session, Phase.SETTLED)


async def test_the_loops_are_told_of_timers_and_asked_for_the_leases_once_they_are_attached() -> None:
    driver = Services(sagas.ring()).sidecars["a"].driver
    told: list[float] = []
    driver.attach(timer_set=told.append, leases_fresh=lambda: False)
    driver.timer_set(1.5)
    assert (told, driver.leases_fresh()) == ([1.5], False)


async def test_idle_sessions_leave_memory_and_come_back() -> None:
    services = Services(sagas.ring())
    with few("sessions_in_memory_max", 3):
        sessions = [await services.start() for _ in range(30)]
        assert {(await services.end(session)).outcome for session in sessions} == {"settled"}


async def test_a_message_from_a_service_that_does_not_play_its_sender_is_refused() -> None:
    services = Services(sagas.ring())
    session = await services.start()
    await services.end(session)
    await services.sidecars["a"].intake.stop()
    stranger = of(control(sagas.HEADER, Kind.ABORT, "b", "a", "forged"), session)
    [delivery] = await services.sidecars["c"].flusher.commit(Commit(shard=None, messages=(stranger,)))
    assert delivery is Delivery.STORED
    taken = await services.sidecars["a"].log.take(10)
    assert "c" in {entry.sender_service for entry in taken}
    services.sidecars["a"].driver.take(taken)
    assert services.sidecars["a"].driver.holding.open_sessions == 0


async def test_an_abort_for_an_unknown_session_leaves_a_tombstone() -> None:
    services = Services(sagas.ring())
    session = await services.start()
    await services.end(session)
    other = of(control(sagas.HEADER, Kind.ABORT, "a", "b", "no more"), uuid4())
    await services.sidecars["a"].flusher.commit(Commit(shard=None, messages=(other,)))
    row = await services.row("b", other.session, Phase.ENDED)
    assert (row.outcome, row.vote, row.reason) == ("ended", None, "no more")
    assert other.session not in services.workers["b"].sessions, "nothing was asked, and there is nothing to close"
    told = await services.sidecars["a"].log.load([(other.session, "a")])
    assert told[0].session is None, "the initiator does not know it either, and is not begun by the answer"


async def test_a_cancel_begins_a_session_at_the_commit_points_owner() -> None:
    """Passed on by the initiator it may be what reaches the owner first. It is granted, and what comes late starts
    nothing."""
    services = Services(sagas.recorded())
    await services.end(await services.start())
    cancel = of(control(sagas.HEADER, Kind.CANCEL, "a", "b", "no more"), uuid4())
    await services.sidecars["a"].flusher.commit(Commit(shard=None, messages=(cancel,)))
    row = await services.row("b", cancel.session, Phase.ENDED)
    assert (row.vote, row.reason) == ("abort", "cancelled: no more")
    late = Message(header=cancel.header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    await services.sidecars["a"].flusher.commit(Commit(shard=None, messages=(late,)))
    driver = services.sidecars["b"].driver
    driver.arrive(late, known=True)
    assert services.workers["b"].calls.count("try_it") == 1


async def test_a_cancel_begins_no_session_elsewhere() -> None:
    services = Services(sagas.recorded())
    await services.end(await services.start())
    cancel = of(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "no more"), uuid4())
    assert await services.sidecars["a"].driver.hand_in(cancel) is Delivery.STORED
    assert services.sidecars["a"].driver.holding.open_sessions == 0


async def test_a_cancel_is_found_by_whoever_sweeps_the_owners_shard() -> None:
    services = Services(sagas.recorded())
    b = services.sidecars["b"]
    await services.end(await services.start())
    await b.intake.stop()  # it does not look into its inbox any more
    cancel = of(control(sagas.HEADER, Kind.CANCEL, "a", "b", "no more"), uuid4())
    await services.sidecars["a"].flusher.commit(Commit(shard=None, messages=(cancel,)))
    await b.driver.recover([(cancel.session, "b")])
    row = await services.row("b", cancel.session, Phase.ENDED)
    assert row.reason == "cancelled: no more"


async def test_a_peer_may_not_bind_roles_to_itself() -> None:
    services = Services(sagas.ring())
    header = msgspec.structs.replace(sagas.HEADER, session=uuid4(), bindings={"a": "c", "b": "b", "c": "c"})
    forged = control(header, Kind.ABORT, "a", "b", "forged")
    await services.sidecars["b"].intake.stop()
    await services.sidecars["c"].flusher.commit(Commit(shard=None, messages=(forged,)))
    services.sidecars["b"].driver.take(await services.sidecars["b"].log.take(10))
    assert services.sidecars["b"].driver.holding.open_sessions == 0
    await services.sidecars["b"].driver.recover([(header.session, "b")])
    assert services.sidecars["b"].driver.holding.open_sessions == 0
