"""What was done early by a sidecar that is gone is found by the next one, though it does nothing early itself."""

from __future__ import annotations

from uuid import uuid4

from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Phase
from accompanist.sidecar.calls.attempts import CLOSE
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, of
from tests.sidecar.test_early import early_b, until
from tests.sidecar.test_handed import data, stored, turns


async def killed_after(message: Message) -> tuple[Services, Sidecar]:
    """The services without b, whose worker has done what a message asked for early, and whose log knows nothing."""
    services, b = await early_b()
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    assert services.effects(message.session) == {"try_it": 1}
    b.driver.unconfirmed.stop()
    b.driver.holding.hold({})
    await b.log.release(b.intake._owner)
    services.early = False
    return services, b


async def aborted(services: Services, message: Message) -> list[str]:
    """What b's worker is asked for after an abort of that session."""
    calls = services.workers["b"].calls
    before = len(calls)
    await stored(services, of(control(sagas.HEADER, Kind.ABORT, "a", "b", "no"), message.session))
    services.sidecars["b"].intake.wake()
    await turns()
    return [call for call in calls[before:] if not call.startswith("accompanist.forget")]


async def test_a_sidecar_that_was_started_without_it_undoes_what_was_done_early() -> None:
    message = data(uuid4())
    services, _ = await killed_after(message)
    services.add("b")
    await turns()
    assert (await aborted(services, message))[:1] == [CLOSE]
    await services.row("b", message.session, Phase.UNDONE)
    assert services.effects(message.session) == {"try_it": 0}


async def test_and_so_does_one_that_was_there_before_and_takes_the_shards_over() -> None:
    message = data(uuid4())
    services = Services(sagas.ring())
    other = services.sidecars["b"]
    await turns()
    await other.log.release(other.intake._owner)
    other.driver.holding.hold({})
    services.early = True
    early = services.add("b")
    await early.intake._renew()
    await turns()
    services.sidecars["b"] = other
    assert not other.driver._closes_unknown
    await early.log.release(early.intake._owner)
    early.driver.holding.hold({})
    await early.intake.stop()
    await other.intake._renew()
    assert (await aborted(services, message)) == [CLOSE]


async def test_where_nothing_was_ever_done_early_no_worker_is_asked() -> None:
    services = Services(sagas.ring())
    await turns()
    message = data(uuid4())
    assert await aborted(services, message) == []
    assert (await services.row("b", message.session, Phase.ENDED)).outcome == "ended"
