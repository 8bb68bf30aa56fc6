"""A decision is committed under the epoch under which it was made (docs/protocol.md).

A sidecar that was paused past its lease gets two answers at once when it goes on: its worker's, to a call from before,
and the log's, that it has the shard again. Meanwhile another sidecar went on with the session. The first answer leads
to a decision of a run that is over, so it must not be written under the new epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from accompanist import limits
from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime.answers import Replied
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.events import CallAnswered, Deadline, Name
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Commit, Delivery, LeaseLost, Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import shard_of
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, of
from tests.sidecar.test_late_answers import NEVER, nothing_under_way

RATE = Operation("rate", "query", {"value": "int"}, "int")  # nothing fences a query: asked twice it says two things


def quoted() -> dict[str, RoleProgram]:
    """a asks for a rate and tells b, or where the rate is low c."""

    def a(value: int) -> Program:
        rate = yield Call("1", "rate", {"value": value}, int)
        yield Send("2", "b", rate) if rate > 4 else Send("3", "c", rate)
        done = yield Call("4", "do", {"value": rate}, int)
        return done

    def b() -> Program:
        got = yield Receive("2", "a", int)
        yield Call("5", "try_it", {"value": got}, int)
        return None

    def c() -> Program:
        got = yield Receive("3", "a", int)
        yield Call("6", "last", {"value": got}, int)
        return None

    return sagas.saga(
        {
            "a": (a, [RATE, *sagas.transaction("do")], {"b", "c"}),
            "b": (b, sagas.transaction("try_it"), set()),
            "c": (c, sagas.transaction("last"), set()),
        },
        commit_role=None,
    )


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time


class Paused:
    """A session whose first owner stands still after it asked for the rate; another one was told 7, went on, and gave
    the shards back. The saga stays open: b's worker does not answer."""

    def __init__(self) -> None:
        self.services = Services(quoted())
        self.services.workers["a"].turns = NEVER
        self.services.workers["b"].turns = NEVER
        self.a: Sidecar = self.services.sidecars["a"]

    async def up_to_the_waking(self) -> Session:
        services, a = self.services, self.a
        self.session = await services.start()
        await until(lambda: a.driver.session(self.session, "a") is not None and bool(services.workers["a"].calls))
        live = a.driver.session(self.session, "a")
        assert live is not None
        a.driver._output._deferred.forget(live)  # it stands still: not even its row follows
        services.now += limits.lease_ms / 1000 + 1
        services.workers["a"].turns = 0
        services.workers["a"].answers = [Replied(b"7")]
        other = services.add("a")
        await services.row("a", self.session, Phase.DONE)
        await other.intake.stop()
        await nothing_under_way(other)
        await other.intake.release()
        services.sidecars["a"] = a
        assert a.driver.session(self.session, "a") is live
        return live

    async def afterwards(self) -> None:
        """The answer of the lease is here, in the same turn of the loop, and everything that follows."""
        await self.a.intake._renew()
        for _ in range(2_000):  # turns of the loop; what follows takes some forty
            await asyncio.sleep(0)

    async def sites_of_results(self) -> dict[str, bytes]:
        [memory] = await self.a.log.load([(self.session, "a")])
        assert memory.session is not None
        assert memory.session.parked is None
        return {result.site: result.value for result in memory.results}


async def test_an_answer_of_before_is_not_written_under_the_new_epoch() -> None:
    paused = Paused()
    live = await paused.up_to_the_waking()
    paused.a.driver._feed(live, CallAnswered("1", Name.REPLIED, b"5"))
    await paused.afterwards()
    assert (await paused.sites_of_results())["1"] == b"7"
    again = paused.a.driver.session(paused.session, "a")
    assert again is not live, "who decided under the old epoch is gone"


async def test_a_branch_that_was_not_taken_has_no_effect() -> None:
    paused = Paused()
    live = await paused.up_to_the_waking()
    paused.a.driver._feed(live, CallAnswered("1", Name.REPLIED, b"3"))
    await paused.afterwards()
    [at_c] = await paused.services.sidecars["c"].log.load([(paused.session, "c")])
    assert at_c.inbox == ()
    assert "last" not in paused.services.effects(paused.session)


async def test_a_row_that_only_caches_is_not_written_under_the_new_epoch() -> None:
    paused = Paused()
    live = await paused.up_to_the_waking()
    assert live.row.phase is Phase.RUNNING
    paused.a.driver._output._write_out(live)
    await paused.afterwards()
    await paused.services.row("a", paused.session, Phase.DONE)


async def test_a_deadline_that_was_heard_before_leaves_its_timer_to_the_new_epoch() -> None:
    paused = Paused()
    live = await paused.up_to_the_waking()
    ended: list[object] = []

    async def end_timer(*timer: object) -> None:
        ended.append(timer)

    paused.a.log.end_timer = end_timer  # type: ignore[method-assign]
    paused.a.driver.hear(live, Deadline())
    await paused.afterwards()
    assert ended == []


async def test_a_message_that_was_handed_in_before_is_not_written_under_the_new_epoch() -> None:
    paused = Paused()
    await paused.up_to_the_waking()
    begun, let_go = asyncio.Event(), asyncio.Event()

    class Late:
        """A group commit that is handed everything a while later."""

        async def commit(self, commit: Commit) -> Sequence[Delivery]:
            begun.set()
            await let_go.wait()
            return await paused.a.flusher.commit(commit)

    paused.a.driver._committer = Late()
    cancel = of(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "please"), paused.session)
    handing_in = asyncio.get_running_loop().create_task(paused.a.driver.hand_in(cancel))
    await begun.wait()
    await paused.a.intake._renew()
    let_go.set()
    assert await handing_in is None, "the client's message takes the long way"
    [memory] = await paused.a.log.load([(paused.session, "a")])
    assert all(message.kind is not Kind.CANCEL for message in memory.inbox)


async def test_the_group_commit_takes_no_decision_without_its_epoch() -> None:
    services = Services(quoted())
    a = services.sidecars["a"]
    await until(lambda: a.driver.holding.holds(sagas.HEADER.session))
    with pytest.raises(LeaseLost):
        await a.flusher.commit(Commit(shard=shard_of(sagas.HEADER.session)))


async def test_an_owner_that_has_lost_its_lease_finds_no_damage_in_its_sessions() -> None:
    """What it may not write is another's to go on with, and nothing for a person to look at."""
    paused = Paused()
    live = await paused.up_to_the_waking()
    driver = paused.a.driver
    driver._feed(live, CallAnswered("1", Name.REPLIED, b"5"))
    await until(lambda: driver.session(paused.session, "a") is None)
    assert driver.damage.sessions == {}
