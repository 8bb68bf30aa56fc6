"""A message is compared with the program that it claims to be for: one without a place there is not heard."""

from __future__ import annotations

import asyncio
import dataclasses

import msgspec
import pytest
from structlog.testing import capture_logs

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit
from tests.runtime import sagas
from tests.sidecar.harness import Services, of

RECEIVES = {"a": {("5", "c", "data")}, "b": {("2", "a", "data")}, "c": {("4", "b", "data")}}


def looked_at() -> dict[str, RoleProgram]:
    """The ring, whose programs say what they take."""
    return {
        role: dataclasses.replace(
            program, projection=dataclasses.replace(program.projection, receives=frozenset(RECEIVES[role]))
        )
        for role, program in sagas.ring().items()
    }


async def test_what_a_program_takes_is_taken() -> None:
    services = Services(looked_at())
    assert (await services.end(await services.start())).outcome == "settled"


@pytest.mark.parametrize(
    "changes",
    [{"site": "9"}, {"site": "2[1]"}, {"kind": Kind.CHOICE}, {"sender": "c"}],
    ids=["site", "turn", "kind", "sender"],
)
@pytest.mark.parametrize("taken_over", [False, True])
async def test_what_it_never_asks_for_begins_no_session(changes: dict[str, object], taken_over: bool) -> None:
    services = Services(looked_at())
    ended = await services.start()
    await services.end(ended)
    told = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"1")
    told = msgspec.structs.replace(told, **changes)
    b = services.sidecars["b"]
    if taken_over:
        await b.intake.stop()
    with capture_logs() as lines:
        await services.sidecars[told.sender].log.flush([Commit(shard=None, messages=(told,))])
        if taken_over:
            await b.intake.release()
            b = services.add("b")
        b.intake.wake()
        async with asyncio.timeout(20):
            while not any(line["event"] == "message.refused" for line in lines):  # noqa: ASYNC110
                await asyncio.sleep(0)  # a turn of the loop, not a time
    assert {line["code"] for line in lines if line["event"] == "message.refused"} == {"ACC213"}
    assert b.driver.session(told.session, "b") is None
    assert (told.session, "b") not in services.databases["b"].services["b"].sessions


async def test_a_session_under_way_is_not_told_of_it() -> None:
    services = Services(looked_at())
    services.workers["b"].turns = 500
    session = await services.start()
    b = services.sidecars["b"]
    async with asyncio.timeout(20):
        while b.driver.session(session, "b") is None:  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
    stray = of(Message(header=sagas.HEADER, kind=Kind.DATA, site="9", sender="a", receiver="b", payload=b"1"), session)
    b.driver.arrive(stray, known=True)
    live = b.driver.session(session, "b")
    assert live is not None
    assert live.state.mailbox.get("9", "a") is None
    assert (await services.end(session)).outcome == "settled"
