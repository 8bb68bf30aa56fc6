"""Overlapping loads: what arrives for a session while it is loaded once is not lost when it is loaded again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Memory, Phase
from accompanist.runtime.state import CLASH
from accompanist.sidecar.sessions.freshness import Key
from accompanist.sidecar.sessions.residence import Residence
from tests.runtime import sagas
from tests.sidecar.harness import Services, few, of
from tests.sidecar.test_late_answers import NEVER


async def turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_what_waits_for_a_session_is_not_lost_to_a_sweep_that_comes_to_it_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clash is in no inbox: who does not hear it now never does."""
    services = Services(sagas.ring())
    services.workers["b"].turns = NEVER
    a = services.sidecars["a"]
    keys: list[Key] = [(await services.start(), "a") for _ in range(2)]
    for session, role in keys:
        await services.row(role, session, Phase.RUNNING)
    await a.intake.stop()
    for key in keys:
        live = a.driver.session(*key)
        assert live is not None
        a.driver.holding.drop(live)
    go, real, loads = {key: asyncio.Event() for key in keys}, a.log.load, []

    async def load(asked: Sequence[Key], **named: Any) -> Sequence[Memory]:
        loads.append(asked[0])
        answer = await real(asked, **named)
        await go[asked[0]].wait()
        return answer

    monkeypatch.setattr(a.log, "load", load)
    with few("load_sessions_max", 1):
        sweep = asyncio.create_task(a.driver.recover(keys))
        await turns()
        sent = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
        a.driver.clashed(of(sent, keys[1][0]), Delivery.CLASH)
        await turns()
        go[keys[0]].set()
        await turns()
        go[keys[1]].set()
        await sweep
        await turns()
    again = a.driver.session(*keys[1])
    assert again is not None and again.row.parked is not None
    assert again.row.parked.code == CLASH
    assert loads == keys, "it was being read already"


async def test_an_answer_that_comes_while_a_tombstone_is_written_begins_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two loads of one session: the first finds an abort alone, the second one also data, which came after it."""
    services = Services(sagas.ring())
    await services.end(await services.start())
    b = services.sidecars["b"]
    await b.intake.stop()
    abort = of(control(sagas.HEADER, Kind.ABORT, "a", "b", "no more"), uuid4())
    key, real, slow, write = (abort.session, "b"), b.log.load, asyncio.Event(), asyncio.Event()
    calls: list[Sequence[Key]] = []

    async def load(asked: Sequence[Key], **named: Any) -> Sequence[Memory]:
        calls.append(asked)
        if len(calls) == 1:
            await slow.wait()
        return await real(asked, **named)

    async def commit(given: Commit) -> Sequence[Delivery]:
        await write.wait()
        return await b.flusher.commit(given)

    monkeypatch.setattr(b.log, "load", load)
    monkeypatch.setattr(b.driver._tombstones, "_committer", type("Held", (), {"commit": staticmethod(commit)}))
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(abort,))])
    first = asyncio.create_task(b.driver.recover([key]))
    await turns()
    b.driver.damaged(key, ValueError("what a row holds"), reading=True)
    await b.driver.recover([key])
    state = b.driver.holding.residences.state
    assert state(key) is Residence.TOMBSTONE
    late = Message(header=abort.header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(late,))])
    slow.set()
    await first
    assert (state(key), b.driver.session(*key), len(calls)) == (Residence.TOMBSTONE, None, 2)
    assert b.driver.damage.sessions == {}, "it was not even tried"
    b.driver.fire([(*key, "1")])
    b.driver.arrive(late, known=True)
    assert state(key) is Residence.TOMBSTONE
    write.set()
    await services.row("b", abort.session, Phase.ENDED)
    await turns()
    assert state(key) is Residence.ABSENT
    assert b.driver.damage.sessions == {}
