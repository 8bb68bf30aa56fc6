"""The pivot is not called before the inbox has what its call depends on, even if nothing of the burst has to be
stable."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, of
from tests.sidecar.test_early import until
from tests.sidecar.test_handed import stored, turns


async def before_the_pivot(early: bool = True) -> tuple[Services, Sidecar, UUID, Message]:
    """a, the owner of the commit point, whose session waits for the last message of c, which gets through nothing."""
    services = Services(sagas.ring(), early=early)
    await services.end(await services.start())
    await services.sidecars["c"].intake.stop()
    a = services.sidecars["a"]
    session = await services.start()
    await until(lambda: "do" in services.effects(session))
    await turns()
    message = Message(header=sagas.HEADER, kind=Kind.DATA, site="5", sender="c", receiver="a", payload=b"1")
    services.workers["a"].calls.clear()
    return services, a, session, of(message, session)


async def unanswered(service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
    """An inbox that does not answer."""
    await asyncio.Event().wait()
    return ()


async def forever(commit: Commit) -> Sequence[Delivery]:
    """A log that does not answer."""
    await asyncio.Event().wait()
    return ()


async def test_a_message_that_no_log_has_calls_no_pivot() -> None:
    services, a, _, message = await before_the_pivot()
    a.handed.take("c", [message], early=True)
    await turns()
    assert services.workers["a"].calls == []
    await stored(services, message)
    a.handed.take("c", [message])
    await turns()
    assert services.workers["a"].calls == ["finish"]


async def test_nor_does_one_that_is_only_said_to_be_stored() -> None:
    services, a, session, message = await before_the_pivot()
    store = a.driver.unconfirmed._store
    a.driver.unconfirmed._store = unanswered
    a.handed.take("c", [message])
    await turns()
    assert services.workers["a"].calls == []
    live = a.driver.session(session, "a")
    assert live is not None and not live.has(message), "it was loaded again, without the message"
    [of_session] = a.driver.unconfirmed._heard.values()
    [heard] = of_session.values()
    a.driver.unconfirmed._store = store
    await a.driver.unconfirmed._keep(heard)
    a.intake.wake()
    await turns()
    assert services.workers["a"].calls == ["finish"], "as if it had been sent like any other"


async def test_without_early_release_it_costs_no_commit() -> None:
    """The log has said that the inbox has the message."""
    services, a, _, message = await before_the_pivot(early=False)
    await stored(services, message)
    a.flusher.commit = forever  # type: ignore[method-assign,assignment]
    a.handed.take("c", [message])
    await turns()
    assert services.workers["a"].calls == ["finish"]
