"""What was accepted before its type is known is kept as it came, and is decoded by the program that waits for it. What
does not fit is refused to its sender, if that can be known then. Else the saga waits, and is shown, until a person
gives the value.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accompanist.errors import AccompanistError
from accompanist.sidecar.api.starting import name_of_key
from tests.log.worlds import MemoryWorld, PostgresWorld
from tests.sidecar.front import Front, Worker

TEXT = """
from __future__ import annotations
from dataclasses import dataclass
from accompanist import At, Role, choreography, transaction

@dataclass(frozen=True)
class Small:
    by: str

@dataclass(frozen=True)
class Opt:
    by: str
    amount: int = 0

@dataclass(frozen=True)
class Large:
    by: str
    amount: int

class Desk(Role):
    @transaction
    def put(self, amount: int) -> int: ...
    @put.compensation
    def unput(self, amount: int) -> None: ...

@choreography
def waits_small(desk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    got = desk.event("approved", Small)
    return desk.put(len(got.by))

@choreography
def waits_opt(desk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    got = desk.event("approved", Opt)
    return desk.put(got.amount)

@choreography
def waits_large(desk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    first = desk.put(n)
    got = desk.event("approved", Large)
    return desk.put(got.amount)

@choreography
def races(desk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    got = desk.timeout(desk.event("approved", Large), 1000)
    if got.ok:
        return desk.put(got.value.amount)
    return desk.put(0)
"""


@pytest.fixture(params=["memory", "postgres"])
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Front]:
    in_memory = request.param == "memory"
    world = MemoryWorld() if in_memory else PostgresWorld(request.getfixturevalue("database"))
    worker = Worker({"put": lambda given: given["amount"], "unput": lambda given: None})
    made = Front("warehouse", await world.sidecar("warehouse"), tmp_path, worker, {"Desk": "warehouse"})
    await made.deploy(TEXT)
    yield made
    await made.close()
    await world.close()


def early() -> tuple[str, str]:
    """A key, and the session that an event may be told to before it begins."""
    key = str(uuid4())
    return key, str(name_of_key("warehouse", key))


async def tell(front: Front, session: str, value: Any) -> dict[str, Any]:
    return await front.ask("session.signal", session=session, role="desk", name="approved", value=value)


async def start(front: Front, choreography: str, key: str, wait_ms: int = 20_000) -> dict[str, Any]:
    params = {"choreography": choreography, "arguments": {"n": 1}, "key": key, "wait_ms": wait_ms}
    return await front.ask("session.start", **params)


async def parked(front: Front, session: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            told = await front.ask("session.result", session=session, wait_ms=0)
            if told.get("parked") or told["outcome"]:
                return told
            await asyncio.sleep(0.001)


async def refusal(asked: Any) -> AccompanistError:
    with pytest.raises(AccompanistError) as caught:
        await asked
    return caught.value


@pytest.mark.parametrize(
    ("choreography", "value", "result"),
    [("waits_opt", {"by": "ann", "amount": 7}, 7), ("waits_opt", {"by": "ann"}, 0), ("waits_small", {"by": "ann"}, 3)],
)
async def test_an_early_event_is_read_by_the_program_that_asks(
    front: Front, choreography: str, value: Any, result: int
) -> None:
    """Not by the first of those that may ask, which would drop what it does not know."""
    key, session = early()
    assert (await tell(front, session, value))["early"] is True
    told = await start(front, choreography, key)
    assert (told["session"], told["outcome"], told["result"]) == (session, "settled", result)


async def test_told_again_when_its_session_is_known_it_is_the_same_event(front: Front) -> None:
    key, session = early()
    await tell(front, session, b'{"by": "ann"}')
    front.worker.answers.clear()
    await start(front, "waits_opt", key, wait_ms=0)
    while not front.worker.done:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    told = await tell(front, session, b'{"by":"ann"}')
    assert (told["new"], told["early"]) == (False, False)
    assert (await refusal(tell(front, session, {"by": "ann", "amount": 0}))).code == "ACC742"
    front.worker.answers.set()


@pytest.mark.parametrize("value", [{"amount": 7}, {"by": "ann", "ammount": 7}, {"by": "ann", "amount": True}, "ann"])
async def test_an_event_that_fits_no_program_is_refused_to_its_teller(front: Front, value: Any) -> None:
    key, session = early()
    assert (await refusal(tell(front, session, value))).code == "ACC741"
    session = (await start(front, "waits_opt", key, wait_ms=0))["session"]
    assert (await refusal(tell(front, session, value))).code == "ACC741"
    assert (await tell(front, session, {"by": "ann", "amount": 7}))["new"] is True
    assert (await front.ask("session.result", session=session, wait_ms=20_000))["result"] == 7


async def test_a_misspelt_member_is_refused_by_its_path(front: Front) -> None:
    session = (await start(front, "waits_opt", "k", wait_ms=0))["session"]
    problem = await refusal(tell(front, session, {"by": "ann", "ammount": 7}))
    assert "`$`" in problem.text and "$.ammount" in problem.hint


@pytest.mark.parametrize("choreography", ["waits_large", "races"])
async def test_an_early_event_that_does_not_fit_waits_for_a_person_who_gives_the_value(
    front: Front, choreography: str
) -> None:
    key, session = early()
    await tell(front, session, {"by": "ann"})
    await start(front, choreography, key, wait_ms=0)
    told = await parked(front, session)
    assert told["parked"]["code"] == "ACC217" and "amount" in told["parked"]["text"]
    assert "ann" not in str(told["parked"])
    shown = await front.ask("session.get", session=session)
    assert {"by": "ann"} in [message["payload"] for message in shown["messages"]], "what was told is in sight"
    order = {"session": session, "role": "desk", "who": "bob", "why": "he meant 7"}
    await front.ask("session.operate", verb="retry", **order)
    assert (await parked(front, session))["parked"]["code"] == "ACC217", "nothing has changed"
    await front.ask("session.operate", verb="resolve", value={"by": "ann", "amount": 7}, **order)
    told = await front.ask("session.result", session=session, wait_ms=20_000)
    assert (told["outcome"], told["result"]) == ("settled", 7)


async def test_an_early_event_that_does_not_fit_survives_a_restart_and_a_cancel_undoes(front: Front) -> None:
    key, session = early()
    await tell(front, session, {"by": "ann"})
    await start(front, "waits_large", key, wait_ms=0)
    await parked(front, session)
    await front.deploy(TEXT)
    assert (await parked(front, session))["parked"]["code"] == "ACC217"
    await front.ask("session.cancel", session=session)
    told = await front.ask("session.result", session=session, wait_ms=20_000)
    assert told["outcome"] == "ended"
    assert ("unput", {"amount": 1}) in front.worker.done


@pytest.mark.parametrize("at", [1e300, -1.0])
async def test_a_timer_is_not_moved_to_a_time_that_cannot_be_and_nothing_is_audited(front: Front, at: float) -> None:
    session = (await start(front, "races", "k", wait_ms=0))["session"]
    while not (await front.ask("timer.list", session=session))["timers"]:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    about = {"session": session, "role": "desk", "who": "bob", "why": "to see"}
    assert (await refusal(front.ask("timer.move", at=at, **about))).code == "ACC745"
    assert await front.log.audits() == []
    await front.ask("timer.move", **about)
    assert (await front.ask("session.result", session=session, wait_ms=20_000))["result"] == 0
    assert [audit.verb for audit in await front.log.audits()] == ["fire timer at 1"]
