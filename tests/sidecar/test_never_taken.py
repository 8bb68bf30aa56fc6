"""A message that its receiver will never take parks the session that sent it, with a code, and holds up no other."""

from __future__ import annotations

import asyncio
from uuid import UUID

import orjson
import pytest

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.rpc import peers
from accompanist.runtime.answers import Answer, Fault
from accompanist.runtime.ports import SessionRow
from tests.runtime import sagas
from tests.sidecar.harness import Services, Wire


async def parked(services: Services, session: UUID) -> SessionRow:
    async with asyncio.timeout(20):
        while True:
            row = services.databases["a"].services["a"].sessions.get((session, "a"))
            if row is not None and row.parked is not None:
                return row
            await asyncio.sleep(0)  # a turn of the loop, not a time


def to_nobody() -> dict[str, RoleProgram]:
    """a has something for c, which is played by a service that nobody knows."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "c", done)
        answer = yield Receive("3", "c", int)
        return answer

    return sagas.saga({"a": (a, sagas.transaction("do"), {"c"})}, commit_role=None)


async def test_for_a_service_that_nobody_knows() -> None:
    services = Services(to_nobody())
    row = await parked(services, await services.start())
    assert row.parked is not None
    assert row.parked.code == "ACC211"
    assert "c is played by c" in row.parked.text


async def test_one_that_was_found_out_by_another_replica_or_before_a_crash_is_told_too() -> None:
    services = Services(to_nobody())
    driver = services.sidecars["a"].driver
    driver._output._delivered = lambda messages, deliveries: None  # type: ignore[method-assign]
    row = await parked(services, await services.start())
    assert row.parked is not None
    assert row.parked.code == "ACC211"


async def test_a_message_that_a_peer_cannot_read_delays_no_neighbour() -> None:
    services = Services(sagas.ring(), apart={"b"})
    a = services.sidecars["a"]
    bad: set[UUID] = set()
    calls: list[int] = []

    class Picky(Wire):
        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            messages = peers.read(orjson.dumps(orjson.loads(arguments)["messages"]))
            calls.append(len(messages))
            if bad & {message.session for message in messages}:
                return Fault("the worker answered error -32602", refused=True)
            return await super().call(method, arguments, meta, timeout_ms)

    await a.relay.stop()
    a.relay._couriers = {"b": Picky(services, "a", "b")}
    sessions = [await services.start() for _ in range(8)]
    bad.add(sessions[3])
    outbox = services.databases["a"].services["a"].outbox
    async with asyncio.timeout(20):
        while len([key for key in outbox if key[1] == "2"]) < 8:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    await a.relay.send("b")
    assert (calls[0], calls.count(1)) == (8, 2), "in halves, down to the one"
    assert [key[0] for key in outbox] == [sessions[3]]
    a.relay.start()
    row = await parked(services, sessions[3])
    assert row.parked is not None
    assert row.parked.code == "ACC212"
    for session in sessions:
        if session not in bad:
            assert (await services.end(session)).outcome == "settled"


@pytest.mark.parametrize("fault", [Fault("no answer within 10000 ms"), Fault("no connection", silent=True)])
async def test_a_peer_that_is_away_is_not_sent_halves(fault: Fault) -> None:
    services = Services(sagas.ring(), apart={"b"})
    a = services.sidecars["a"]
    calls: list[int] = []

    class Away:
        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            calls.append(len(orjson.loads(arguments)["messages"]))
            return fault

    await a.relay.stop()
    a.relay._couriers = {"b": Away()}
    for _ in range(4):
        await services.start()
    outbox = services.databases["a"].services["a"].outbox
    async with asyncio.timeout(20):
        while len(outbox) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    assert await a.relay.send("b") is False
    assert calls == [4]
    assert len(outbox) == 4
