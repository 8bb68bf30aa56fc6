"""What a session has heard early belongs to that run of it, and only if it has the message: what is dropped, spilled,
or heard by another run, comes from the log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Phase
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, few, of
from tests.sidecar.test_early import early_b, until, written
from tests.sidecar.test_handed import data, stored, turns


def listening() -> dict[str, RoleProgram]:
    """b hears c first, then three messages of a, and then does its part."""

    def a(value: int) -> Program:
        yield Send("1", "b", value)
        yield Send("2", "b", value)
        yield Send("3", "b", value)
        yield Send("4", "c", value)
        return value

    def b() -> Program:
        yield Receive("5", "c", int)
        yield Receive("1", "a", int)
        yield Receive("2", "a", int)
        value = yield Receive("3", "a", int)
        yield Call("6", "try_it", {"value": value}, int)
        return None

    def c() -> Program:
        value = yield Receive("4", "a", int)
        yield Send("5", "b", value)
        return None

    parts = {"a": (a, [], {"b", "c"}), "b": (b, sagas.transaction("try_it"), set()), "c": (c, [], {"b"})}
    return sagas.saga(parts, commit_role=None)


def said(session: UUID, site: str, sender: str) -> Message:
    made = Message(header=sagas.HEADER, kind=Kind.DATA, site=site, sender=sender, receiver="b", payload=b"1")
    return of(made, session)


async def quiet() -> tuple[Services, Sidecar, UUID]:
    services = Services(listening(), early=True)
    await turns()
    return services, services.sidecars["b"], uuid4()


async def commits(services: Services, message: Message) -> None:
    await stored(services, message)
    services.sidecars["b"].handed.take(message.sender, [message])
    await turns()


def waits(b: Sidecar, session: UUID) -> str:
    live = b.driver.session(session, "b")
    return "" if live is None else live.row.waiting


async def test_an_early_message_for_which_there_was_no_room_comes_with_its_commit() -> None:
    services, b, session = await quiet()
    first, second, other = said(session, "1", "a"), said(session, "2", "a"), said(session, "5", "c")
    with few("messages_per_session_max", 1):
        await commits(services, first)
        b.handed.take("a", [second], early=True)
        await turns()
        assert (session, "b") not in b.driver.unconfirmed, "it was spilled"
        await commits(services, other)
        assert "at 2" in waits(b, session)
        await commits(services, second)
        assert "at 3" in waits(b, session)


async def test_what_another_run_has_heard_early_comes_with_its_commit() -> None:
    services, b, session = await quiet()
    await commits(services, said(session, "5", "c"))
    await commits(services, said(session, "1", "a"))
    second = said(session, "2", "a")
    b.handed.take("a", [second], early=True)
    await turns()
    assert "at 3" in waits(b, session)
    live = b.driver.session(session, "b")
    assert live is not None
    b.driver.holding.drop(live)
    await b.driver.recover([(session, "b")])
    await turns()
    assert "at 2" in waits(b, session)
    await commits(services, second)
    assert "at 3" in waits(b, session)
    assert live.life.refused, "nothing of the former run is written"


async def test_what_was_heard_early_in_a_shard_that_is_lost_is_forgotten_once_it_is_stored() -> None:
    services, b = await early_b()
    messages = [data(uuid4()) for _ in range(3)]
    b.handed.take("a", messages, early=True)
    await turns()
    assert b.driver.unconfirmed._heard
    for message in messages[:2]:
        await stored(services, message)
    b.driver.holding.hold({})
    for message in messages[:2]:
        assert not b.driver.unconfirmed.said("a", message)
    heard = [one for of_session in b.driver.unconfirmed._heard.values() for one in of_session.values()]
    for one in heard:
        await b.driver.unconfirmed._keep(one)
    assert len(heard) == 3 and not b.driver.unconfirmed._heard, "the log says what is stored, and not who sent it"
    assert (*messages[2].key, "a") in services.database.services["b"].inbox, "who holds the shard sees the session"


async def test_what_cannot_be_stored_is_tried_again_whatever_went_wrong() -> None:
    services, b = await early_b()
    message = data(uuid4())
    store, tries = b.log.accept, []

    async def fails(service: str, messages: Sequence[Message]) -> Sequence[Delivery]:
        tries.append(service)
        if len(tries) < 3:
            raise ValueError("a bug of ours")
        return await store(service, messages)

    b.driver.unconfirmed._store = fails
    with few("early_store_ms", 0):
        b.handed.take("a", [message], early=True)
        await services.row("b", message.session, Phase.DONE)
    assert len(tries) == 3


async def test_a_commit_does_not_wait_for_what_its_session_hears_later() -> None:
    services, b, session = await quiet()
    await commits(services, said(session, "5", "c"))
    unconfirmed = b.driver.unconfirmed
    b.handed.take("a", [said(session, "1", "a")], early=True)
    [first] = unconfirmed.unsaid((session, "b"))
    waiting = asyncio.create_task(unconfirmed.all_said([first]))
    await turns(5)
    b.handed.take("a", [said(session, "2", "a")], early=True)
    await turns(5)
    assert not waiting.done()
    assert unconfirmed.said("a", said(session, "1", "a"))
    await turns(5)
    assert waiting.done() and (session, "b") in unconfirmed
    unconfirmed.stop()


async def test_a_stream_of_early_messages_holds_up_no_vote() -> None:
    services, b = await early_b()
    message = data(uuid4())
    b.handed.take("a", [message], early=True)
    await until(lambda: bool(b.early))
    await stored(services, message)
    live = b.driver.session(message.session, "b")
    assert live is not None
    later = of(
        Message(header=sagas.HEADER, kind=Kind.DATA, site="9", sender="a", receiver="b", payload=b"1"), message.session
    )
    entry = next(iter(b.driver.unconfirmed._heard.values()))[message.key].entry
    b.driver.unconfirmed.heard(live, type(entry)(message=later, sender_service="a", known=False), said=False)
    b.handed.take("a", [message])
    await turns()
    assert written(services, message.session)


async def test_a_vote_is_not_written_without_the_messages_that_tell_it() -> None:
    """A row that is only a cache waits until what was heard is stored. What is decided meanwhile it does not write."""
    services, b = await early_b()
    message = data(uuid4())
    services.workers["b"].turns = 50
    b.handed.take("a", [message], early=True)
    await until(lambda: b.driver.session(message.session, "b") is not None)
    session = b.driver.session(message.session, "b")
    assert session is not None
    writing = asyncio.ensure_future(b.driver._output._write(session))
    await turns(1)
    assert session.row.vote is None, "its row waits already"
    await until(lambda: session.row.vote is not None)
    commits: list[Commit] = []
    flush = b.log.flush

    async def noted(given: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        commits.extend(given)
        return await flush(given)

    b.log.flush = noted  # type: ignore[method-assign]
    await stored(services, message)
    b.handed.take("a", [message])
    await services.row("b", message.session, Phase.DONE)
    await writing
    assert b.driver._output.under_way(session.key), "its row is written later"
    voted = next(one for one in commits if one.session is not None and one.session.vote is not None)
    assert any(told.kind is Kind.DONE for told in voted.messages)


async def test_commits_that_wait_for_the_same_message_keep_their_order() -> None:
    """A later one must not be woken first: the row of the earlier one would be written over its own."""
    services, b, session = await quiet()
    b.driver.asking._calls._fenced.clear()  # nothing is released early here: each call is in the log before it is made
    await commits(services, said(session, "5", "c"))
    await commits(services, said(session, "1", "a"))
    rows: list[str | None] = []
    flush = b.log.flush

    async def noted(given: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        rows.extend(one.session.asked for one in given if one.session is not None)
        return await flush(given)

    b.log.flush = noted  # type: ignore[method-assign]
    second, third = said(session, "2", "a"), said(session, "3", "a")
    for message in (second, third):
        await stored(services, message)
    b.handed.take("a", [second], early=True)
    await turns(5)
    b.handed.take("a", [third], early=True)
    b.handed.take("a", [third, second])
    await services.row("b", session, Phase.DONE)
    assert rows[:2] == ["", "6"]
