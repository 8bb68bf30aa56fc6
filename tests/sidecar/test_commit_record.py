"""The commit point that is a record: the sidecar writes it, no role is told before it is durable, and it decides the
race with a cancel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Phase
from accompanist.sidecar.sessions.commits import Committer
from tests.runtime import sagas
from tests.sidecar.harness import Services, of


class BeforeTheRecord:
    """A committer that holds back the record, and what is behind it, until it is let go."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self.holds, self.let_go = asyncio.Event(), asyncio.Event()

    async def commit(self, commit: Commit) -> Sequence[Delivery]:
        if any(result.operation == "role.commit" for result in commit.results):
            self.holds.set()
        if self.holds.is_set():
            await self.let_go.wait()
        return await self._committer.commit(commit)


def cancel() -> Message:
    return control(sagas.HEADER, Kind.CANCEL, "a", "b", "changed my mind")


async def test_nobody_is_told_of_a_record_that_is_not_stable(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.recorded())
    committer = BeforeTheRecord(services.sidecars["b"].flusher)
    monkeypatch.setattr(services.sidecars["b"].driver._output, "_committer", committer)
    session = await services.start()
    await committer.holds.wait()
    for _ in range(100):
        await asyncio.sleep(0)  # turns of the loop, enough for a message to leave if it would
    assert services.workers["a"].calls == ["do"]
    committer.let_go.set()
    await services.row("a", session, Phase.SETTLED)
    assert services.workers["a"].calls == ["do", "tell"]
    assert services.workers["b"].calls == ["try_it"], "no worker is asked for a record"


async def test_a_cancel_before_the_record_is_granted() -> None:
    services = Services(sagas.recorded())
    services.workers["b"].turns = 1_000
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    while "try_it" not in services.workers["b"].calls:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time
    services.workers["b"].turns = 0
    services.sidecars["b"].driver.arrive(of(cancel(), session), known=False)
    row = await services.end(session)
    assert (row.outcome, row.reason) == ("ended", "cancelled: changed my mind")
    assert "tell" not in services.workers["a"].calls


async def test_a_cancel_after_the_record_comes_too_late() -> None:
    services = Services(sagas.recorded())
    services.workers["a"].turns = 0
    session = await services.start()
    while services.workers["a"].calls != ["do", "tell"]:  # noqa: ASYNC110
        await asyncio.sleep(0)  # a turn of the loop, not a time
    services.sidecars["b"].driver.arrive(of(cancel(), session), known=True)
    row = await services.end(session)
    assert row.outcome == "settled"
    assert services.effects(session)["tell"] == 1
