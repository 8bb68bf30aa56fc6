"""Volatile sessions as clients see them, at a service whose worker fences its calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from accompanist.errors import AccompanistError
from tests.log.worlds import MemoryWorld
from tests.sidecar.front import Front, Worker

TEXT = """
from __future__ import annotations
from accompanist import At, Role, choreography, transaction

class Desk(Role):
    @transaction
    def put(self, number: int) -> int: ...
    @put.compensation
    def unput(self, number: int) -> None: ...
    @transaction
    def note(self, number: int) -> int: ...
    @note.compensation
    def unnote(self, number: int) -> None: ...

@choreography
def put_down(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.note(desk.put(number))

@choreography
def told(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.event("more", int)
"""


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    world = MemoryWorld()
    undo = dict.fromkeys(("unput", "unnote"), lambda given: None)
    worker = Worker({"put": lambda given: 7, "note": lambda given: 8, **undo})
    made = Front("warehouse", await world.sidecar("warehouse"), tmp_path, worker, {"Desk": "warehouse"})
    await made.deploy(TEXT)
    yield made
    await made.volatile.drain(0.0)
    await made.close()
    await world.close()


async def start(front: Front, choreography: str = "put_down", **more: Any) -> dict[str, Any]:
    return await front.ask("session.start", choreography=choreography, arguments={"number": 1}, volatile=True, **more)


async def refusal(asked: Any) -> str:
    with pytest.raises(AccompanistError) as caught:
        await asked
    return caught.value.code


async def test_it_settles_and_the_log_has_nothing_of_it(front: Front) -> None:
    told = await start(front, wait_ms=20_000)
    assert (told["outcome"], told["result"], told["volatile"], told["new"]) == ("settled", 8, True, True)
    again = await front.ask("session.result", session=told["session"])
    assert (again["outcome"], again["result"]) == ("settled", 8)
    assert await front.log.summaries() == []
    assert [name for name, _ in front.worker.done] == ["put", "note"]


async def test_it_is_listed_and_shown_while_it_is_open(front: Front) -> None:
    front.worker.answers.clear()
    session = (await start(front))["session"]
    [row] = (await front.ask("session.list"))["sessions"]
    assert row["session"] == session and row["waiting"].startswith("volatile")
    assert (await front.ask("session.list", choreography="another"))["sessions"] == []
    shown = await front.ask("session.get", session=session)
    assert shown["volatile"] and [one["role"] for one in shown["rows"]] == ["desk"]
    assert shown["rows"][0]["header"]["mode"] == "volatile"
    front.worker.answers.set()
    assert (await front.ask("session.result", session=session, wait_ms=20_000))["outcome"] == "settled"
    assert (await front.ask("session.list"))["sessions"] == []


async def test_it_is_cancelled(front: Front) -> None:
    front.worker.answers.clear()
    session = (await start(front))["session"]
    assert (await front.ask("session.cancel", session=session, reason="no"))["requested"]
    front.worker.answers.set()
    told = await front.ask("session.result", session=session, wait_ms=20_000)
    assert told["outcome"] == "ended" and "no" in told["reason"]
    assert await refusal(front.ask("session.cancel", session=session)) == "ACC717"


async def test_a_deadline_undoes_it(front: Front) -> None:
    front.worker.answers.clear()
    asked = asyncio.create_task(start(front, wait_ms=20_000, deadline_ms=1))
    while not any(row.phase == "closing" for row in front.volatile.rows()):  # noqa: ASYNC110
        await asyncio.sleep(0)
    front.worker.answers.set()
    assert (await asked)["outcome"] == "ended"


async def test_what_needs_a_log_is_refused(front: Front) -> None:
    assert await refusal(start(front, key="k")) == "ACC763"
    assert await refusal(start(front, "told")) == "ACC763"
    assert front.worker.done == []


async def test_a_sidecar_that_leaves_ends_them(front: Front) -> None:
    front.worker.answers.clear()
    session = (await start(front))["session"]
    await front.volatile.drain(0.0)
    told = await front.ask("session.result", session=session)
    assert (told["outcome"], told["state"]) == ("lost", "lost") and told["reason"].startswith("ACC760")
    assert await refusal(start(front)) == "ACC761"
