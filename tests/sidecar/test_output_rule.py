"""Rule 0 between bursts: what one burst decided is durable before the calls of the next one leave."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from accompanist.language.program.operations import Call, Program, Receive
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Phase
from accompanist.sidecar.sessions.commits import Committer
from tests.runtime import sagas
from tests.sidecar.harness import Services, of


class Slow:
    """A committer that holds back the first results, and, since order is kept, all behind them, until it is let go."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self.holds, self.let_go = asyncio.Event(), asyncio.Event()

    async def commit(self, commit: Commit) -> Sequence[Delivery]:
        if commit.results:
            self.holds.set()
        if self.holds.is_set():
            await self.let_go.wait()
        return await self._committer.commit(commit)


async def test_a_call_does_not_overtake_the_reply_it_may_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        got = yield Receive("2", "b", int)
        yield Call("3", "finish", {"value": done + got}, int)
        return value

    ring = sagas.ring()
    operations = sagas.transaction("do") + sagas.transaction("finish")
    rest = {role: (ring[role].function, sagas.transaction("last"), {"a"}) for role in ("b", "c")}
    services = Services(sagas.saga({"a": (a, operations, {"b"}), **rest}, commit_role=None))
    driver = services.sidecars["a"].driver
    slow = Slow(services.sidecars["a"].flusher)
    monkeypatch.setattr(driver._output, "_committer", slow)
    session = await services.start()
    await slow.holds.wait()
    told = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="b", receiver="a", payload=b"4")
    driver.arrive(of(told, session), known=False)
    for _ in range(100):
        await asyncio.sleep(0)  # turns of the loop, enough for a call to leave if it would
    assert services.workers["a"].calls == ["do"]
    slow.let_go.set()
    await services.row("a", session, Phase.SETTLED)
    assert services.workers["a"].calls == ["do", "finish"]
