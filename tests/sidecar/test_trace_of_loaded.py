"""The trace of a session that was loaded from the log: each message has a span when it is taken for the first time."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from accompanist.runtime.ports import Phase
from accompanist.telemetry import names
from accompanist.telemetry.facts import SpanKind
from tests.runtime import sagas
from tests.sidecar.harness import Services
from tests.sidecar.test_waiting import through


def taken(services: Services, session: UUID) -> Counter[str]:
    """By site, sender and receiver, how often a span says that a message was taken."""
    return Counter(
        str(span.attributes[names.MESSAGING_MESSAGE_ID]).partition("/")[2]
        for span in services.spans
        if span.kind is SpanKind.CONSUMER and span.attributes[names.SESSION] == str(session)
    )


async def ordinary() -> Counter[str]:
    """The same of a session that stays in memory."""
    services = Services(sagas.ring())
    session = await services.start()
    await services.end(session)
    return taken(services, session)


async def test_a_message_that_a_sweep_finds_first_has_a_span() -> None:
    """Failed in CI: an order that began while a sidecar looked at its shards for the first time had two roots."""
    services = Services(sagas.ring())
    await services.sidecars["b"].intake.stop()
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    services.add("b")
    assert (await services.end(session)).outcome == "settled"
    assert taken(services, session) == await ordinary()


async def test_what_an_evicted_session_takes_has_a_span_and_what_it_took_before_has_one_only() -> None:
    services = Services(sagas.waiting())
    session = await services.start()
    await through(services, session)
    await services.end(session)
    counted = taken(services, session)
    assert {"3/a/b", "6/b/c", "7/c/a"} <= counted.keys()
    assert set(counted.values()) == {1}
