"""A client means a session by the key of its start, or by attributes, wherever it could by its id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from accompanist.errors import AccompanistError
from accompanist.runtime.ports import CorrelatedSession
from accompanist.sidecar.api.correlation import Correlation, SessionRef
from tests.log.worlds import MemoryWorld, PostgresWorld
from tests.sidecar.front import Front, Worker

TEXT = """
from __future__ import annotations
from accompanist import At, Role, choreography, transaction

class Desk(Role):
    @transaction
    def put(self, number: int) -> int: ...
    @put.compensation
    def unput(self, number: int) -> None: ...

@choreography
def asks(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    done = desk.put(number)
    return desk.event("more", int)

@choreography
def puts(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.put(number)
"""
ORDER = {"order": "17"}


@pytest.fixture(params=["memory", "postgres"])
async def front(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Front]:
    in_memory = request.param == "memory"
    world = MemoryWorld() if in_memory else PostgresWorld(request.getfixturevalue("database"))
    worker = Worker({"put": lambda given: given["number"], "unput": lambda given: None})
    made = Front("warehouse", await world.sidecar("warehouse"), tmp_path, worker, {"Desk": "warehouse"})
    await made.deploy(TEXT)
    yield made
    worker.answers.set()
    await made.close()
    await world.close()


async def start(front: Front, choreography: str = "asks", **more: Any) -> str:
    arguments = {"number": 1}
    told = await front.ask("session.start", choreography=choreography, arguments=arguments, **more)
    return str(told["session"])


async def signal(front: Front, **meant: Any) -> dict[str, Any]:
    return await front.ask("session.signal", role="desk", name="more", value=7, **meant)


async def refusal(asked: Any) -> AccompanistError:
    with pytest.raises(AccompanistError) as caught:
        await asked
    return caught.value


async def over(front: Front, session: str) -> dict[str, Any]:
    return await front.ask("session.result", session=session, wait_ms=20_000)


@pytest.mark.parametrize("meant", [{"key": "k"}, {"attributes": ORDER}, {"attributes": ORDER, "choreography": "asks"}])
async def test_it_is_shown_told_and_waited_for(front: Front, meant: dict[str, Any]) -> None:
    session = await start(front, key="k", attributes=ORDER | {"customer": "gold"})
    assert (await signal(front, **meant))["session"] == session
    told = await front.ask("session.result", wait_ms=20_000, **meant)
    assert (told["session"], told["outcome"], told["result"]) == (session, "settled", 7)
    assert (await front.ask("session.get", **meant))["session"] == session
    assert (await refusal(signal(front, **meant))).code == "ACC717", "as by its id"


@pytest.mark.parametrize("meant", [{"key": "k"}, {"attributes": ORDER}])
async def test_it_is_cancelled(front: Front, meant: dict[str, Any]) -> None:
    session = await start(front, key="k", attributes=ORDER)
    assert (await front.ask("session.cancel", **meant))["session"] == session
    assert (await over(front, session))["outcome"] == "ended"
    assert (await refusal(front.ask("session.cancel", **meant))).code == "ACC717", "as by its id"


async def test_it_is_known_before_its_worker_has_answered(front: Front) -> None:
    front.worker.answers.clear()
    session = await start(front, attributes=ORDER)
    while not front.worker.done:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert (await front.ask("session.cancel", attributes=ORDER))["session"] == session
    front.worker.answers.set()
    assert (await over(front, session))["outcome"] == "ended"


@pytest.mark.parametrize("method", ["session.get", "session.result", "session.cancel", "session.signal"])
@pytest.mark.parametrize("meant", [{"key": "other"}, {"attributes": {"order": "18"}}])
async def test_nothing_that_fits_is_an_error(front: Front, method: str, meant: dict[str, Any]) -> None:
    await start(front, key="k", attributes=ORDER)
    more = {"role": "desk", "name": "more", "value": 7} if method == "session.signal" else {}
    problem = await refusal(front.ask(method, **meant, **more))
    assert problem.code == "ACC710"
    assert "18" not in problem.text, "attributes are no matter for logs"
    assert await front.log.early_events() == 0


async def test_of_several_that_are_open_none_is_meant(front: Front) -> None:
    sessions = [await start(front, attributes=ORDER) for _ in range(2)]
    for asked in (signal(front, attributes=ORDER), front.ask("session.cancel", attributes=ORDER)):
        problem = await refusal(asked)
        assert problem.code == "ACC730"
        assert "open" in problem.text
    assert await front.log.events() == [], "nothing was told to any"
    await signal(front, session=sessions[0])
    assert (await over(front, sessions[0]))["outcome"] == "settled"
    assert (await signal(front, attributes=ORDER))["session"] == sessions[1], "the one that is open"
    assert (await over(front, sessions[1]))["outcome"] == "settled"
    assert (await refusal(signal(front, attributes=ORDER))).code == "ACC730"


async def test_the_choreography_tells_two_apart(front: Front) -> None:
    asking = await start(front, attributes=ORDER)
    front.worker.answers.clear()
    await start(front, "puts", attributes=ORDER)
    assert (await refusal(front.ask("session.get", attributes=ORDER))).code == "ACC730"
    assert (await front.ask("session.get", attributes=ORDER, choreography="asks"))["session"] == asking


async def test_a_volatile_one_is_meant_as_well_while_it_is_open(front: Front) -> None:
    front.worker.answers.clear()
    session = await start(front, "puts", attributes=ORDER, volatile=True)
    assert (await front.ask("session.result", attributes=ORDER, wait_ms=0))["session"] == session
    await start(front, "puts", attributes=ORDER)
    assert (await refusal(front.ask("session.result", attributes=ORDER, wait_ms=0))).code == "ACC730"
    front.worker.answers.set()
    assert (await over(front, session))["outcome"] == "settled"


@pytest.mark.parametrize(
    "meant",
    [
        {},
        {"key": "k", "session": uuid4()},
        {"attributes": {}},
        {"attributes": ORDER, "key": "k"},
        {"key": "k", "choreography": "asks"},
        {"key": ""},
        {"attributes": {"no name": "x"}},
    ],
)
async def test_what_means_no_session_is_refused(front: Front, meant: dict[str, Any]) -> None:
    assert (await refusal(front.ask("session.get", **meant))).code == "ACC712"


async def test_a_volatile_session_that_is_over_does_not_stand_beside_an_open_one() -> None:
    """It is still in memory, for whoever asks how it ended."""
    over, running = UUID(int=1), UUID(int=2)

    class Known:
        async def correlated(self, *asked: Any) -> list[CorrelatedSession]:
            return [CorrelatedSession(running, True)]

    volatile = SimpleNamespace(lines=lambda *asked: [SimpleNamespace(session=over, outcome="settled")])
    found = Correlation("desk", cast(Any, Known()), cast(Any, volatile))
    assert await found.session(SessionRef(attributes={"a": "b"})) == running
