"""A session may have more messages than memory has room for: it still ends, and memory does not grow with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.answers import Answer, Declined, Missing
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.operate import Verb
from accompanist.runtime.ports import Delivery, Phase
from accompanist.sidecar.api.standing import exits_of, to_stand_on
from accompanist.sidecar.calls.attempts import CLOSE
from accompanist.sidecar.sessions.reading import Reader
from tests.runtime import sagas
from tests.sidecar.harness import Services, few, of
from tests.sidecar.test_operating import Hosted, parked, say

MANY = 300


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    """Memory holds eight messages of a session, a page five, and a session is loaded whole up to twenty."""
    with (
        few("messages_per_session_max", 8),
        few("page_rows_max", 5),
        few("load_bytes_max", 20 * limits.row_around_bytes),
        few("poll_ms", 5),
        few("backoff_cap_ms", 1),
    ):
        yield


def flood(answered: bool = False) -> dict[str, RoleProgram]:
    """a sends b many numbers, one after the other, and b adds them up; `answered`: only when b has done something."""

    def a(value: int) -> Program:
        yield Send("1", "b", value)
        for turn in range(MANY):
            yield Send(f"2[{turn}]", "b", turn)
        total = yield Receive("4", "b", int)
        done = yield Call("5", "do", {"value": total}, int)
        return done

    def b() -> Program:
        total = yield Receive("1", "a", int)
        if answered:
            yield Call("1b", "first", {"value": total}, int)
        for turn in range(MANY):
            total += yield Receive(f"2[{turn}]", "a", int)
        total = yield Call("3", "try_it", {"value": total}, int)
        yield Send("4", "a", total)
        return None

    operations = sagas.transaction("try_it") + sagas.transaction("first")
    return sagas.saga({"a": (a, sagas.transaction("do"), {"b"}), "b": (b, operations, {"a"})}, commit_role=None)


async def test_a_role_that_is_sent_more_messages_than_memory_holds_takes_all_of_them() -> None:
    services = Services(flood())
    session = await services.start()
    assert (await services.end(session)).outcome == "settled"


async def test_the_inbox_of_a_session_is_read_a_page_at_a_time() -> None:
    async def page(key: object, site: str, sender: str) -> list[Message]:
        return []

    spawned: list[Any] = []
    session: Any = SimpleNamespace(key=None, awaited_message=("1", "b"), reading=False, looked_for=None)
    session.make_room = lambda messages: None
    loader: Any = SimpleNamespace(page=page)
    tasks: Any = SimpleNamespace(spawn=lambda keys, work: spawned.append(work))
    reader = Reader(loader, tasks, lambda session: True, lambda session, message: None)
    reader.read_on(session)
    session.awaited_message = ("2", "b")  # the first came by itself meanwhile
    reader.read_on(session)
    assert len(spawned) == 1, "the next page waits for this one"
    await spawned[0]
    assert session.looked_for == ("2", "b") and len(spawned) == 2
    spawned[1].close()


async def test_messages_that_came_while_the_role_was_busy_are_read_when_they_are_asked_for() -> None:
    services = Services(flood(answered=True))
    services.workers["b"].turns = 200
    session = await services.start()
    held = 0
    async with asyncio.timeout(20):
        while not services.rows[session].done():
            live = services.sidecars["b"].driver.session(session, "b")
            held = max(held, len(live.state.mailbox) if live is not None else 0)
            await asyncio.sleep(0)  # a turn of the loop, not a time
    assert services.rows[session].result().outcome == "settled"
    assert held <= 2 * limits.messages_per_session_max + 1, "as many wait as may, as many were taken, one is wanted"


async def test_a_page_is_not_read_again_for_every_message_of_it() -> None:
    """Messages of one commit come in the order of their texts, so that memory is full of what is asked for last."""
    services = Services(flood())
    log = services.sidecars["b"].log
    pages: list[int] = []
    page = log.page

    async def counted(*given: Any) -> Any:
        found = await page(*given)
        pages.append(len(found))
        return found

    log.page = counted  # type: ignore[method-assign]
    assert (await services.end(await services.start())).outcome == "settled"
    assert len(pages) <= 1.5 * MANY / limits.page_rows_max


async def test_a_successor_reads_the_inbox_in_pages() -> None:
    services = Services(flood(answered=True))
    services.workers["b"].turns = 1_000_000
    session = await services.start()
    await arrived(services, session)
    services.workers["b"].turns = 0
    await services.sidecars["b"].intake.stop()
    await services.sidecars["b"].intake.release()
    heir = services.add("b")
    loaded: list[int] = []
    load = heir.log.load

    async def watched(*given: Any, **named: Any) -> Any:
        memories = await load(*given, **named)
        loaded.extend(len(memory.inbox) for memory in memories)
        return memories

    heir.log.load = watched  # type: ignore[method-assign]
    assert (await services.end(session)).outcome == "settled"
    assert loaded, "it was taken over"
    assert max(loaded) < MANY


async def test_a_verb_is_heard_by_a_session_whose_messages_were_let_go() -> None:
    services = Services(flood())
    services.workers["b"].turns = 1_000_000
    session = await services.start()
    await calls(services, session)
    await tell(services, session, Verb.PARK)
    driver = services.sidecars["b"].driver
    await until(lambda: (live := driver.session(session, "b")) is not None and live.row.parked is not None)
    live = driver.session(session, "b")
    assert live is not None
    assert not live.whole, "it cannot run again over what is in memory"
    services.workers["b"].turns = 0
    await tell(services, session, Verb.RESOLVE, value=7)
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session) == {"do": 1}, "b's worker was never asked again"


async def test_a_person_is_told_what_can_be_done_by_all_messages() -> None:
    """A value by hand was refused, as if the program stood where it begins."""
    services = Services(flood())
    services.workers["b"].turns = 1_000_000
    session = await services.start()
    await calls(services, session)
    await tell(services, session, Verb.PARK)
    await parked(services, session, "b")
    services.workers["b"].turns = 0
    sidecar = services.sidecars["b"]
    hosted: Any = Hosted(services.programs["b"])
    memory = await to_stand_on(sidecar.log, session, "b")
    assert exits_of(hosted, "b", memory)["value"] == {"site": "3", "of": "try_it", "type": "int"}
    await say(services, session, "resolve", "b", value=7)
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session) == {"do": 1}


@pytest.mark.parametrize("taken_over", [False, True])
async def test_a_worker_without_a_door_is_compensated_for_all_that_it_did_however_long_ago(taken_over: bool) -> None:
    services = Services(flood(answered=True))
    fenced = services.workers["b"].call

    async def without_a_door(method: str, *given: Any) -> Answer:
        return Missing(CLOSE) if method == CLOSE else await fenced(method, *given)

    services.workers["b"].call = without_a_door  # type: ignore[method-assign]
    services.workers["a"].turns = 20_000
    session = await services.start()
    await services.row("b", session, Phase.DONE)
    if taken_over:
        await services.sidecars["b"].intake.stop()
        await services.sidecars["b"].intake.release()
        heir = services.add("b")
        await until(lambda: heir.driver.session(session, "b") is not None)
    services.workers["a"].turns = 0
    services.workers["a"].answers = [Declined("no")]
    assert (await services.end(session)).outcome == "ended"
    assert services.effects(session) == {"first": 0, "try_it": 0}


def committed() -> dict[str, RoleProgram]:
    """a sends b many numbers, and b, which adds them up, does then what cannot be undone."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        for turn in range(MANY):
            yield Send(f"2[{turn}]", "b", done)
        return done

    def b() -> Program:
        total = 0
        for turn in range(MANY):
            total += yield Receive(f"2[{turn}]", "a", int)
        yield Call("3", "ship", {"value": total}, int)
        return None

    operations = sagas.transaction("ship", None)
    return sagas.saga({"a": (a, sagas.transaction("do"), {"b"}), "b": (b, operations, set())}, commit_role="b")


@pytest.mark.parametrize("late", [False, True])
async def test_what_a_successor_finds_in_a_long_inbox_is_no_cancel_before_its_pivot(late: bool) -> None:
    """The pivot had been asked, and done. It was granted where the program began: all but the pivot was undone.
    `late`: it comes while the messages are read that lead there."""
    services = Services(committed())
    worker, go = services.workers["b"], asyncio.Event()
    call = worker.call

    async def silent(method: str, *given: Any) -> Answer:
        answer = await call(method, *given)
        if method == "ship":
            await go.wait()
        return answer

    worker.call = silent  # type: ignore[method-assign]
    session = await services.start()
    tables = services.databases["b"].services["b"]
    await until(lambda: bool(worker.sessions) and services.effects(session).get("ship") == 1)
    await services.row("a", session, Phase.DONE)
    await until(lambda: (session, "b") in tables.sessions)  # its row is a cache, and is written later
    await services.sidecars["b"].intake.stop()
    await services.sidecars["b"].intake.release()
    header = of(sagas.start(), session).header
    cancel = control(header, Kind.CANCEL, "a", "b", "no")
    if not late:
        await services.post(cancel)
    heir = services.add("b")
    if late:
        await until(lambda: (live := heir.driver.session(session, "b")) is not None and not live.knows_its_past)
        await services.post(cancel)
    go.set()
    await until(lambda: tables.sessions[session, "b"].outcome is not None or tables.sessions[session, "b"].parked)
    assert tables.sessions[session, "b"].outcome == "settled"
    assert services.effects(session) == {"do": 1, "ship": 1}


async def tell(services: Services, session: UUID, verb: Verb, value: int | None = None) -> None:
    payload = msgspec.json.encode({"verb": verb, "who": "me", "why": "so", "value": value})
    told = Message(
        header=of(sagas.start(), session).header,
        kind=Kind.OPERATOR,
        site=f"!operator/{verb}",
        sender=CLIENT,
        receiver="b",
        payload=payload,
    )
    assert await services.sidecars["b"].driver.hand_in(told) is Delivery.STORED


async def arrived(services: Services, session: UUID) -> None:
    """Until everything that a sends is in b's inbox, and b has a row of its own."""
    tables = services.databases["b"].services["b"]
    await until(lambda: len(tables.inbox) > MANY and (session, "b") in tables.sessions)


async def calls(services: Services, session: UUID) -> None:
    """Until b asks its worker, and has a row of its own."""
    tables = services.databases["b"].services["b"]
    await until(lambda: "try_it" in services.workers["b"].calls and (session, "b") in tables.sessions)


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not so():  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time
