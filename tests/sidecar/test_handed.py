"""Messages that are handed over: they are handled before the log is asked for them, once, and begin nothing that is
known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, InboxEntry, LogUnavailable, Phase
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar, of


def data(session: UUID, payload: bytes = b"1") -> Message:
    """What b hears of a first in the ring."""
    made = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=payload)
    return of(made, session)


async def turns(count: int = 300) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def stored(services: Services, message: Message) -> None:
    """In the receiver's inbox, as its sender's commit leaves it; nobody is woken."""
    log = services.sidecars[message.sender].log
    log._delivered = None
    assert await log.flush([Commit(shard=None, messages=(message,))]) == [[Delivery.STORED]]


async def quiet_b(services: Services) -> Sidecar:
    """The sidecar of b, swept, and asleep until it is woken."""
    await services.end(await services.start())
    await turns()
    return services.sidecars["b"]


async def test_a_message_begins_its_session_before_the_inbox_is_asked() -> None:
    services = Services(sagas.ring())
    b = await quiet_b(services)
    await b.intake.stop()  # nothing is taken from the log any more
    message = data(uuid4())
    await stored(services, message)
    assert b.handed.take("a", [message]) == []
    await services.row("b", message.session, Phase.DONE)
    assert (message.session, "b", "2", "a") not in services.database.services["b"].arrivals, "nobody took it"


async def test_it_is_not_handled_again_when_the_log_brings_it() -> None:
    services = Services(sagas.ring())
    b = await quiet_b(services)
    message = data(uuid4())
    await stored(services, message)
    heard: list[Message] = []
    arrive, b.driver.arrive_now = b.driver.arrive_now, lambda one, known: (heard.append(one), arrive(one, known=known))  # type: ignore[method-assign,assign,func-returns-value,misc]
    b.handed.take("a", [message])
    await services.row("b", message.session, Phase.DONE)
    for _ in range(2):  # the second `take` acknowledges what the first has brought
        b.intake.wake()
        await turns()
    assert [one for one in heard if one == message] == [message]
    assert not [one for one in services.database.services["b"].arrivals if one[0] == message.session], "acknowledged"


async def stuck(commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
    """A flush that the log does not answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_what_the_inbox_does_not_have_is_not_acted_upon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that hands over what it has not stored, or another content: nothing begins, and nothing is remembered."""
    services = Services(sagas.ring())
    b = await quiet_b(services)
    message, never = data(uuid4()), data(uuid4())
    await stored(services, message)
    calls = list(services.workers["b"].calls)
    for lie in (
        never,
        msgspec.structs.replace(message, payload=b"2"),
        msgspec.structs.replace(message, kind=Kind.CHOICE),
        msgspec.structs.replace(message, header=msgspec.structs.replace(message.header, started_at=1.0)),
    ):
        b.handed.take("a", [lie])
        await turns()
        assert services.workers["b"].calls == calls
        assert b.driver.session(lie.session, "b") is None
    entry = InboxEntry(message=message, sender_service="a", known=True)
    assert not b.handed.handled(entry)
    monkeypatch.setattr(b.log, "flush", stuck)
    b.handed.take("a", [message])
    await turns()
    assert not b.handed.handled(msgspec.structs.replace(entry, sender_service="c")), "another speaker's row"
    assert b.handed.handled(entry) and not b.handed.handled(entry), "once"


@pytest.mark.parametrize("over", ["row", "stub"])
async def test_a_session_that_is_over_is_not_begun(over: str) -> None:
    services = Services(sagas.ring(), collect_after_ms=0 if over == "stub" else limits.collect_after_ms)
    b = await quiet_b(services)
    session = uuid4()
    told = of(control(sagas.HEADER, Kind.ABORT, "a", "b", "no more"), session)
    await stored(services, told)
    b.intake.wake()
    await services.row("b", session, Phase.ENDED)
    if over == "stub":
        services.now += 1
        assert await b.log.collect(0, 10)
    calls = list(services.workers["b"].calls)
    message = data(session)
    if over == "row":
        await stored(services, message)
    b.handed.take("a", [message])
    await turns()
    assert services.workers["b"].calls == calls, "its worker is not asked"
    assert b.driver.session(session, "b") is None


async def test_a_session_that_ends_while_the_log_is_asked_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(sagas.ring())
    b = await quiet_b(services)
    session = uuid4()
    confirm = b.log.confirm

    async def late(entries: list[InboxEntry]) -> list[bool | None]:
        """The answer is older than the tombstone."""
        answer = list(await confirm(entries))
        await stored(services, of(control(sagas.HEADER, Kind.ABORT, "a", "b", "no more"), session))
        b.intake.wake()
        await services.row("b", session, Phase.ENDED)
        await turns()
        return answer

    monkeypatch.setattr(b.log, "confirm", late)
    calls = list(services.workers["b"].calls)
    message = data(session)
    await stored(services, message)
    del services.database.services["b"].arrivals[*message.key, "a"]  # `take` has brought it before
    b.handed.take("a", [message])
    await turns(2_000)
    assert services.workers["b"].calls == calls
    assert b.driver.session(session, "b") is None


async def test_what_its_speaker_may_not_say_is_left_to_the_log() -> None:
    services = Services(sagas.ring())
    b = await quiet_b(services)
    message = data(uuid4())
    await stored(services, message)
    services.database.services["b"].inbox[*message.key, "c"] = (message, "c", 0.0)
    b.handed.take("c", [message])
    await turns()
    assert b.driver.session(message.session, "b") is None
    assert not b.handed.handled(InboxEntry(message=message, sender_service="c", known=True))


async def test_the_shards_of_others_are_named_and_their_sidecars_woken() -> None:
    services = Services(sagas.ring())
    b = await quiet_b(services)
    message = data(uuid4())
    woken: list[object] = []
    b.handed._wake_others = lambda: woken.append(1)
    shard = message.session.bytes[15] % limits.shards_count
    fresh, b.driver._leases_fresh = b.driver._leases_fresh, lambda: False
    assert b.handed.take("a", [message]) == [shard], "it cannot know whether it still holds it"
    b.driver._leases_fresh = fresh
    b.driver.holding.hold({})
    assert b.handed.take("a", [message]) == [shard]
    assert woken == [1, 1]


async def test_a_log_that_does_not_answer_and_a_full_queue_leave_it_to_the_inbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services = Services(sagas.ring())
    b = await quiet_b(services)
    woken: list[int] = []
    b.handed._wake = lambda: woken.append(len(woken))

    asked = asyncio.Event()

    async def away(entries: object) -> list[bool]:
        await asked.wait()
        raise LogUnavailable("away")

    monkeypatch.setattr(b.log, "confirm", away)
    b.handed.take("a", [data(uuid4())])
    await turns()
    b.handed.take("a", [data(uuid4())])
    asked.set()
    await turns()
    assert woken == [0] and b.handed._waiting == [], "what waited is not looked up later, when it may be over"

    async def broken(keys: object) -> list[bool]:
        raise KeyError("a bug")

    monkeypatch.setattr(b.log, "confirm", broken)
    b.handed.take("a", [data(uuid4())])
    await turns()
    assert woken == [0, 1]
    monkeypatch.setattr(limits, "handed_waiting_max", 1)
    b.handed.take("a", [data(uuid4()), data(uuid4())])
    assert woken == [0, 1, 2]
    await turns()
    woken.clear()
    monkeypatch.setattr(limits, "handed_waiting_max", 100)
    monkeypatch.setattr(limits, "batch_bytes_max", 1)
    b.handed.take("a", [data(uuid4()), data(uuid4())])
    assert woken == [0], "nor more bytes than one answer of the log may have"
    await b.handed.stop()


async def test_what_is_kept_of_them_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "handed_kept_max", 2)
    services = Services(sagas.ring())
    b = await quiet_b(services)
    await b.intake.stop()  # what the log brings is forgotten
    monkeypatch.setattr(b.log, "flush", stuck)  # a commit would take them from the queue
    messages = [data(uuid4()) for _ in range(3)]
    for message in messages:
        await stored(services, message)
        b.handed.take("a", [message])
        await turns()
    entries = [InboxEntry(message=one, sender_service="a", known=True) for one in messages]
    assert [b.handed.handled(one) for one in entries] == [False, True, True]
