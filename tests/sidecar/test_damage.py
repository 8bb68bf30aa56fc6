"""What the log refuses of a session affects that session only, is shown, and is tried again once it is corrected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.language.program.program import RoleProgram
from accompanist.log.memory import MemoryLog
from accompanist.runtime.control import DEADLINE_SITE, control
from accompanist.runtime.dependent_commits import PredecessorRefused
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import DAMAGED_WAITS, Commit, Delivery, LeaseLost, Memory, Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.damage import Damage
from accompanist.sidecar.sessions.freshness import shard_of
from tests.runtime import sagas
from tests.sidecar.harness import Services
from tests.sidecar.harness import of as letter


class Refusing:
    """A log that refuses some commits for what they say, and with them what it was to write at the same time."""

    def __init__(self, log: MemoryLog) -> None:
        self._flush = log.flush
        self.refuses: Callable[[Commit], bool] = lambda commit: False
        self.refused = asyncio.Event()

    async def flush(self, commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        if any(self.refuses(commit) for commit in commits):
            self.refused.set()
            raise ValueError("no column takes this")
        return await self._flush(commits)


def of(session: UUID) -> Callable[[Commit], bool]:
    """Refused: the results of this session."""
    return lambda commit: any(row.session == session for row in commit.results)


def told(lines: Sequence[Any]) -> list[str]:
    return [line["event"] for line in lines if line["event"] in ("session.damaged", "session.mended")]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lease_renew_ms", "damaged_again_ms", "damaged_again_cap_ms"):
        monkeypatch.setattr(limits, name, 1)


async def test_a_session_whose_commit_is_refused_is_shown_and_goes_on_when_that_is_mended(
    monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    services = Services(sagas.ring())
    driver = services.sidecars["b"].driver
    refusing = Refusing(services.sidecars["b"].log)
    monkeypatch.setattr(services.sidecars["b"].log, "flush", refusing.flush)
    with capture_logs() as lines:
        bad, good = await services.start(), await services.start()
        refusing.refuses = of(bad)
        assert (await services.end(good)).outcome == "settled", "it costs no other session"
        await refusing.refused.wait()
        await shown(services, bad)
        assert list(driver.damage.sessions) == [(bad, "b")]
        refusing.refuses = lambda commit: False
        assert (await services.end(bad)).outcome == "settled"
        assert (await services.row("b", bad, Phase.SETTLED)).outcome == "settled"
    assert told(lines) == ["session.damaged", "session.mended"], "once each, however often it was tried"
    assert len(driver.damage) == 0


@pytest.mark.parametrize("lost", [True, False])
async def test_what_builds_upon_a_refused_commit_says_nothing_of_its_session(
    monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """A deadline is heard while an earlier commit waits that is refused. Why that was, is what people see: not at all
    where a lease was lost."""
    services = Services(sagas.ring())
    driver, log = services.sidecars["a"].driver, services.sidecars["a"].log
    flush, go = log.flush, asyncio.Event()

    async def refusing(commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        await go.wait()
        if not any(commit.session for commit in commits):
            return await flush(commits)
        raise LeaseLost([commit.shard for commit in commits if commit.shard is not None]) if lost else ValueError

    with capture_logs() as lines:
        bad = await services.start()
        while (session := driver.session(bad, "a")) is None:  # noqa: ASYNC110 (a turn of the loop, not a time)
            await asyncio.sleep(0)
        monkeypatch.setattr(log, "flush", refusing)
        driver._tasks.spawn([session.key], driver._output._write(session))
        await asyncio.sleep(0)
        driver.fire([(bad, "a", DEADLINE_SITE)])
        go.set()
        while session.key in driver.holding.residences.live or len(driver._tasks):  # noqa: ASYNC110 (likewise)
            await asyncio.sleep(0)
        assert list(driver.damage.sessions.values()) == ([] if lost else ["ValueError"])
    assert not [line for line in lines if line.get("problem") == "PredecessorRefused"]


class Held:
    """Commits that are answered by hand."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[Sequence[Delivery]]] = []

    async def commit(self, commit: Commit) -> Sequence[Delivery]:
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]


async def test_what_comes_for_a_session_that_is_loaded_anew_is_not_thrown_away_with_its_former_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A session broke off while a commit of its waited, which was refused: what came then has begun to load it. That
    the last commit of the former life was refused, too, is no news of that."""
    services = Services(sagas.ring())
    sidecar = services.sidecars["b"]
    services.workers["b"].turns = 1_000_000
    driver, load, go, held = sidecar.driver, sidecar.log.load, asyncio.Event(), Held()
    bad = await services.start()
    await services.row("b", bad, Phase.RUNNING)
    await sidecar.intake.stop()
    key = (bad, "b")
    [memory] = await load([key])
    former, [first, *_] = driver.session(*key), memory.inbox
    assert former is not None
    abort = control(former.header, Kind.ABORT, "a", "b", "no")

    async def slow(keys: Sequence[Any], **named: Any) -> Sequence[Memory]:
        found = await load(keys, **named)
        await go.wait()
        return found

    async def turns() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    monkeypatch.setattr(sidecar.log, "load", slow)
    monkeypatch.setattr(driver._output, "_committer", held)
    driver._tasks.spawn([key], driver._output._write(former))
    driver._recovery.reload(former)
    await turns()
    held.answers[0].set_exception(ValueError("no column takes this"))
    await turns()
    driver.arrive(first, known=True)
    await turns()
    driver.arrive(abort, known=True)
    held.answers[1].set_exception(PredecessorRefused())
    await turns()
    go.set()
    await turns()
    session = driver.session(*key)
    assert session is not None and session.row.phase is not Phase.RUNNING


async def shown(services: Services, session: UUID) -> None:
    """Until its row says what it waits for."""
    async with asyncio.timeout(20):
        while True:
            [memory] = await services.sidecars["b"].log.load([(session, "b")])
            if memory.session is not None and memory.session.waiting.startswith(DAMAGED_WAITS):
                assert "ACC445" in memory.session.waiting
                return
            await asyncio.sleep(0)  # a turn of the loop, not a time


async def test_a_session_that_cannot_be_read_is_tried_again(monkeypatch: pytest.MonkeyPatch, short: None) -> None:
    services = Services(sagas.ring())
    session = await services.start()
    log = services.sidecars["b"].log
    load, unreadable = log.load, {session}

    async def refuses(keys: Sequence[Any], **named: Any) -> Sequence[Memory]:
        if unreadable & {key[0] for key in keys}:
            raise ValueError("a row that somebody changed")
        return await load(keys, **named)

    monkeypatch.setattr(log, "load", refuses)
    driver = services.sidecars["b"].driver
    other = await services.start()
    with capture_logs() as lines:
        await driver.recover([(session, "b"), (other, "b")])
        assert list(driver.damage.sessions) == [(session, "b")]
        unreadable.clear()
        async with asyncio.timeout(20):
            while driver.damage.sessions:  # noqa: ASYNC110
                await asyncio.sleep(0)  # a turn of the loop, not a time
    assert told(lines) == ["session.damaged", "session.mended"]


async def test_what_a_task_of_a_session_raises_is_that_session_s(monkeypatch: pytest.MonkeyPatch, short: None) -> None:
    services = Services(sagas.ring())
    driver = services.sidecars["b"].driver
    bad, good = await services.start(), await services.start()
    raises, ask = [ZeroDivisionError("ours"), asyncio.CancelledError()], driver.asking._calls.ask

    async def refuses(header: Any, *told: Any) -> Any:
        if header.session == bad and raises:
            raise raises.pop()
        return await ask(header, *told)

    monkeypatch.setattr(driver.asking._calls, "ask", refuses)
    assert (await services.end(good)).outcome == "settled"
    assert (await services.end(bad)).outcome == "settled"
    assert raises == []


async def test_a_damaged_session_that_another_holds_now_is_the_other_s_to_mend() -> None:
    sidecar = Services(sagas.lone()).sidecars["a"]
    key, tried = (sagas.HEADER.session, "a"), []

    async def recover(keys: Sequence[Any]) -> None:
        tried.extend(keys)

    damage = Damage(sidecar.log, sidecar.flusher, recover, lambda messages: messages[0].header, lambda key: False)
    later = 2 * limits.damaged_again_cap_ms / 1000
    damage.note(key, ValueError("no column takes this"))
    await damage.mend(later, lambda session: 1)
    assert tried == [key], "it is tried where it is held"
    await damage.mend(2 * later, lambda session: None)
    assert tried == [key]
    assert damage.sessions == {}


async def test_what_a_damaged_session_waits_for_is_written_over_nothing_else_of_its_row() -> None:
    """What it has voted and how far it is stays what it is."""
    services = Services(sagas.lone())
    services.workers["a"].turns = 1_000_000
    session = await services.start()
    row = msgspec.structs.replace(await services.row("a", session, Phase.RUNNING), retrying=3, trouble="silent")
    sidecar = services.sidecars["a"]
    key = (session, "a")
    epoch = sidecar.driver.holding.epoch_of(session)
    await sidecar.flusher.commit(Commit(shard=shard_of(session), epoch=epoch, session=row))
    await sidecar.intake.stop()

    async def recover(keys: Sequence[Any]) -> None: ...

    damage = Damage(sidecar.log, sidecar.flusher, recover, lambda messages: messages[0].header, lambda key: False)
    damage.note(key, ValueError("no column takes this"))
    await damage.mend(0.0, sidecar.driver.holding.epoch_of)
    [memory] = await sidecar.log.load([key])
    assert memory.session is not None
    assert memory.session.waiting.startswith(DAMAGED_WAITS)
    assert memory.inbox, "and it would have been begun anew from its first message"
    assert msgspec.structs.replace(memory.session, waiting=row.waiting) == row


async def test_nor_over_a_row_of_it_that_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something came for it while the log was asked, and it decided: what it had granted was taken back by that."""
    services = Services(sagas.lone())
    services.workers["a"].turns = 1_000_000
    session = await services.start()
    row = await services.row("a", session, Phase.RUNNING)
    sidecar = services.sidecars["a"]
    key, epoch, load = (session, "a"), sidecar.driver.holding.epoch_of(session), sidecar.log.load
    await sidecar.intake.stop()
    live: dict[object, asyncio.Task[Any]] = {}

    async def goes_on(keys: Sequence[Any], **named: Any) -> Sequence[Memory]:
        found = await load(keys, **named)
        later = Commit(shard=shard_of(session), epoch=epoch, session=msgspec.structs.replace(row, granted="no"))
        live[key] = asyncio.create_task(sidecar.flusher.commit(later))
        await asyncio.sleep(0)
        return found

    async def recover(keys: Sequence[Any]) -> None: ...

    monkeypatch.setattr(sidecar.log, "load", goes_on)
    damage = Damage(sidecar.log, sidecar.flusher, recover, lambda messages: messages[0].header, live.__contains__)
    damage.note(key, ValueError("no column takes this"))
    await damage.mend(0.0, sidecar.driver.holding.epoch_of)
    await live[key]
    [memory] = await load([key])
    assert memory.session is not None and memory.session.granted == "no"


async def test_a_message_that_raises_when_it_is_taken_is_taken_again(
    monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    """There is no session in memory that could be dropped, and the inbox does not hand it out again."""
    services = Services(sagas.ring())
    belief, raises = services.sidecars["b"].driver._belief, [ZeroDivisionError("ours")] * 3
    bad, told_of = await services.start(), belief.told

    def refuses(message: Message) -> bool:
        if message.session == bad and raises:
            raise raises.pop()
        return told_of(message)

    monkeypatch.setattr(belief, "told", refuses)
    with capture_logs() as lines:
        assert (await services.end(await services.start())).outcome == "settled", "it costs no other session"
        assert (await services.end(bad)).outcome == "settled"
    assert raises == []
    assert told(lines) == ["session.damaged", "session.mended"], "once each, however often it was tried"


async def test_a_session_that_raises_each_time_is_tried_ever_less_often_and_has_nothing_swept(
    monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    monkeypatch.setattr(limits, "damaged_again_cap_ms", 1_000_000)
    services = Services(sagas.ring())
    b = services.sidecars["b"]
    assert (await services.end(await services.start())).outcome == "settled"
    swept, belief, tries = [], b.driver._belief, 0
    unfinished, heard_by = b.log.unfinished, belief.heard_by
    bad = uuid4()

    async def sweeps(shards: Sequence[int]) -> Any:
        swept.extend(shards)
        return await unfinished(shards)

    def tried(of: UUID) -> None:
        nonlocal tries
        if of == bad:
            tries += 1
            raise ZeroDivisionError("ours")

    def refuses(session: Session, message: Message) -> bool:
        tried(message.session)
        return heard_by(session, message)

    def unreadable(memory: Memory, header: Header, program: RoleProgram) -> Memory:
        tried(header.session)
        return inbox(memory, header, program)

    inbox = belief.inbox
    monkeypatch.setattr(b.log, "unfinished", sweeps)
    monkeypatch.setattr(belief, "heard_by", refuses)
    monkeypatch.setattr(belief, "inbox", unreadable)
    with capture_logs() as lines:
        await services.post(letter(sagas.start(), bad))
        async with asyncio.timeout(20):
            while tries < 6:
                assert (await services.end(await services.start())).outcome == "settled"
    assert b.driver.damage._found[bad, "b"].tries >= 4, "each time after twice as long"
    assert told(lines) == ["session.damaged"], "told of once"
    assert swept == [], "its neighbours are left alone"
