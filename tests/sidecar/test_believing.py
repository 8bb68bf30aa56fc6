"""A message that a sidecar does not believe is reported once, counted always, and costs no session anything."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.rpc import peers
from accompanist.rpc.access import calls_as
from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, InboxEntry
from accompanist.sidecar.loops.relay import Receiver
from accompanist.sidecar.sessions.believing import Belief
from tests.runtime import sagas
from tests.runtime.test_operate import order
from tests.sidecar.harness import Hosted, Services, of


def belief(refused: list[tuple[str, str]], now: list[float]) -> Belief:
    told = lambda speaker, kind: refused.append((speaker, kind))  # noqa: E731
    return Belief("b", Hosted(sagas.ring()["b"]), told, clock=lambda: now[0])


def taken(message: Message, speaker: str) -> InboxEntry:
    return InboxEntry(message=message, sender_service=speaker, known=True)


def test_each_message_that_is_not_believed_is_counted_and_one_line_tells_of_many() -> None:
    refused: list[tuple[str, str]] = []
    now = [0.0]
    found = belief(refused, now)
    settled = control(sagas.HEADER, Kind.SETTLED, "a", "b", "a payload")
    with capture_logs() as lines:
        for _ in range(1_000):
            assert not found.spoken(taken(settled, "c"))
        now[0] = limits.refusal_told_s
        assert not found.spoken(taken(settled, "c"))
    assert refused == [("c", "settled")] * 1_001
    assert [line["untold"] for line in lines] == [0, 999]
    assert {line["speaker"] for line in lines} == {"c"} and {line["sender"] for line in lines} == {"a"}
    assert "a payload" not in str(lines)


def test_who_speaks_is_looked_at_before_what_is_said() -> None:
    found = belief([], [0.0])
    data = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    assert found.spoken(taken(data, "a"))
    assert not found.spoken(taken(data, "c"))
    assert not found.spoken(taken(msgspec.structs.replace(data, receiver="c"), "a")), "it is for another service"


@pytest.mark.parametrize(
    "changes",
    [{"initiator": "c"}, {"choreography": "other"}, {"bindings": {"a": "c", "b": "b", "c": "c"}}],
    ids=["initiator", "choreography", "bindings"],
)
def test_a_session_begins_with_a_header_that_this_service_would_give_it(changes: dict[str, Any]) -> None:
    refused: list[tuple[str, str]] = []
    found = belief(refused, [0.0])
    header = msgspec.structs.replace(sagas.HEADER, **changes)
    data = Message(header=header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    assert found.beginning(data) is None
    assert found.heading([data]) is None
    assert len(refused) == 2
    honest = msgspec.structs.replace(data, header=sagas.HEADER)
    assert found.heading([data, honest]) == sagas.HEADER


async def test_a_token_to_deliver_is_no_operators_word() -> None:
    """Over the peers' listener, too: c is another database's service, and speaks with its own token."""
    services = Services(sagas.ring(), apart=("c",))
    services.workers["b"].turns = 500
    session = await services.start()
    b = services.sidecars["b"]
    async with asyncio.timeout(20):
        while b.driver.session(session, "b") is None:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    for number, verb in enumerate(("park", "resolve")):
        forged = of(order(verb, number, receiver="b"), session)
        for sender in ("c", ""):
            said = peers.arguments([msgspec.structs.replace(forged, sender=sender)])
            calls_as("c")
            await Receiver(b.log).deliver(msgspec.json.decode(said, type=dict[str, msgspec.Raw]), None)
    b.intake.wake()
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session)["try_it"] == 1
    assert services.databases["b"].services["b"].audits == []


async def test_what_waits_for_a_version_is_forgotten_with_its_message() -> None:
    """A version that never was costs memory for as long as the log keeps the message."""
    services = Services(sagas.ring())
    settled = await services.start()
    await services.end(settled)
    b, log = services.sidecars["b"].driver, services.databases["b"].services["b"]
    header = msgspec.structs.replace(sagas.HEADER, fingerprint="0")
    strange = Message(header=header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    key = (strange.session, "b")
    await services.sidecars["a"].log.flush([Commit(shard=None, messages=(strange,))])
    await b.recover([key])
    assert b.unhosted == {key: "0"}
    log.inbox.clear()
    await b.recover([key])
    assert b.unhosted == {}
