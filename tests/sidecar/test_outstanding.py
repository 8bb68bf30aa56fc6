"""Without a fence, a compensation waits for every call that may still be executed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from accompanist import limits
from accompanist.language.program.operations import Call, Program
from accompanist.language.program.program import RoleProgram
from accompanist.rpc.client import connect
from accompanist.rpc.late import Left
from accompanist.rpc.server import serve
from accompanist.runtime.answers import Answer, Declined, Fault, Missing, Replied
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.events import CallAnswered, CloseAnswered, Event, Name
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.attempts import ANYBODY, CLOSE, FORGET, Asker, Calls
from accompanist.sidecar.calls.retries import Retry
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry.spans import Telemetry
from tests.runtime import sagas
from tests.sidecar.harness import Services, few, of

CLOSED = CloseAnswered(Name.CLOSED, None)
TWICE = {"do": Retry(attempts_max=2, timeout_ms=40)}


class Slow:
    """A worker without a fence, whose calls end when they are told to, each as it is told."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[Answer]] = []
        self.ledger: list[str] = []

    async def call_open(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int, left: Left) -> Answer:
        late = asyncio.get_running_loop().create_future()
        self.waiting.append(late)
        await asyncio.sleep(0)
        if late.done():
            return await late
        left(late)
        return Fault("no answer within its time")


class Plain:
    """A worker without a fence, that is asked by `of` alone; close and forget it does not know."""

    def __init__(self, of: Slow) -> None:
        self._of = of

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return (
            Missing(method) if method in (CLOSE, FORGET) else await self._of.call(method, arguments, meta, timeout_ms)
        )

    async def call_open(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int, left: Left) -> Answer:
        return await self._of.call_open(method, arguments, meta, timeout_ms, left)


async def at_once(seconds: float) -> None:
    await asyncio.sleep(0)


def asking(worker: object, retries: dict[str, Retry] | None = None) -> Calls:
    return Calls({"A": worker}, Tracing(Telemetry(), {}), retries, sleep=at_once, chance=lambda: 0.0)  # type: ignore[dict-item]


DO = CallWorker("1", ResultKind.FORWARD, "do", b"{}")


async def ask(calls: Calls, asker: Asker = ANYBODY) -> Event | None:
    return await calls.ask(sagas.HEADER, "a", "A", DO, {}, asker)


async def close(calls: Calls, unless: str | None = None, asker: Asker = ANYBODY) -> Event:
    return await calls.close(sagas.HEADER, "a", "A", CloseWorker(unless), {}, asker)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("address", ["unix:{}/w.sock", "http+unix:{}/w.sock"])
async def test_a_call_that_outlives_its_timeout_is_not_overtaken(address: str, tmp_path: Path) -> None:
    """Over real connections: nobody hangs up on it, and its answer is waited for."""
    ledger: list[str] = []
    goes_on, asked = asyncio.Event(), asyncio.Event()

    async def do(params: object, meta: object) -> bytes:
        asked.set()
        await goes_on.wait()
        ledger.append("do")
        return b"1"

    async def undo(params: object, meta: object) -> bytes:
        ledger.append("undo")
        return b"null"

    server = await serve({"do": do, "undo_do": undo}, address.format(tmp_path))
    worker = connect(address.format(tmp_path))
    calls = asking(worker, TWICE)
    try:
        assert await ask(calls) == CallAnswered("1", Name.EXHAUSTED)
        closing = asyncio.create_task(close(calls))
        await asked.wait()
        await turns()
        assert not closing.done() and not ledger
        goes_on.set()
        assert await closing == CLOSED
        assert ledger == ["do", "do"]
    finally:
        await worker.close()
        await server.stop()


async def test_one_whose_time_runs_out_while_it_is_waited_for_is_waited_for_still() -> None:
    slow = Slow()
    calls = asking(Plain(slow))
    answering = asyncio.create_task(ask(calls))
    while not slow.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    closing = asyncio.create_task(close(calls))  # while the first attempt has time left
    await turns()
    assert len(slow.waiting) == 1 and not closing.done()
    slow.waiting[0].set_result(Replied(b"1"))
    assert await closing == CLOSED
    await answering


async def test_a_call_that_does_not_end_is_for_a_person() -> None:
    slow = Slow()
    calls = asking(Plain(slow), TWICE)
    await ask(calls)
    with few("unended_wait_ms", 1):
        assert await close(calls) == CloseAnswered(Name.UNENDED, None)
    for late in slow.waiting:
        late.set_result(Replied(b"1"))
    assert await close(calls) == CLOSED


async def test_a_lost_connection_is_waited_after() -> None:
    """A call may go on when nobody waits for it any more, for as long as its time is."""
    slept: list[float] = []

    class Lost:
        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            return Missing(method) if method in (CLOSE, FORGET) else Fault("the connection was lost", silent=True)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    calls = Calls({"A": Lost()}, Tracing(Telemetry(), {}), {"do": Retry(attempts_max=1, timeout_ms=700)}, sleep=sleep)
    await ask(calls)
    assert await close(calls) == CLOSED
    assert len(slept) == 1 and 0.5 < slept[0] <= 0.7
    assert await calls.close(sagas.HEADER, "b", "A", CloseWorker(None), {}) == CLOSED
    assert len(slept) == 1, "another role's call"


async def test_one_that_was_never_read_is_not_waited_after() -> None:
    class Away:
        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            return Missing(method) if method in (CLOSE, FORGET) else Fault("no connection", silent=True, away=True)

    calls = asking(Away(), {"do": Retry(away_ms=1, first_ms=1)})
    calls._sleep = asyncio.sleep
    assert await ask(calls) == CallAnswered("1", Name.EXHAUSTED)
    await turns()
    assert len(calls._outstanding) == 0
    assert await close(calls) == CLOSED


@pytest.mark.parametrize(
    ("first", "meant"),
    [
        (Replied(b"7"), CallAnswered("1", Name.REPLIED, b"7")),
        (Declined("sold out"), CallAnswered("1", Name.DECLINED, b'"sold out"')),
        (Fault("out of order"), CallAnswered("1", Name.EXHAUSTED)),
    ],
)
async def test_a_decline_counts_less_than_an_earlier_call_that_was_carried_out(
    first: Answer, meant: CallAnswered
) -> None:
    slow = Slow()
    calls = asking(Plain(slow))
    answering = asyncio.create_task(ask(calls))
    while len(slow.waiting) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    slow.waiting[1].set_result(Declined("sold out"))
    await turns()
    assert not answering.done()
    slow.waiting[0].set_result(first)
    assert await answering == meant


async def test_a_decline_of_what_another_sidecar_has_asked_decides_nothing() -> None:
    class Declines:
        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            return Missing(method) if method in (CLOSE, FORGET) else Declined("sold out")

    assert await ask(asking(Declines())) == CallAnswered("1", Name.DECLINED, b'"sold out"')
    assert await ask(asking(Declines()), Asker(former=True)) == CallAnswered("1", Name.EXHAUSTED)


async def test_a_fence_is_believed_whatever_came_before() -> None:
    class Fenced:
        async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
            return Replied(b"0") if method == FORGET else Declined("sold out")

    calls = asking(Fenced())
    assert await ask(calls, Asker(former=True)) == CallAnswered("1", Name.DECLINED, b'"sold out"')
    assert calls.fenced("A")


async def test_a_session_that_is_closed_is_not_asked_for_again() -> None:
    """What waits between two attempts ends with the door that there is none of."""
    slow, woken = Slow(), asyncio.Event()
    calls = asking(Plain(slow))

    async def sleep(seconds: float) -> None:
        await woken.wait()

    calls._sleep = sleep
    answering = asyncio.create_task(ask(calls))
    while not slow.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    slow.waiting[0].set_result(Fault("HTTP 503"))
    await turns()
    assert await close(calls) == CLOSED
    woken.set()
    assert await answering is None
    assert len(slow.waiting) == 1


async def test_a_pivot_that_is_asked_for_may_be_asked_to_its_end() -> None:
    slow = Slow()
    calls = asking(Plain(slow))
    answering = asyncio.create_task(ask(calls))
    while not slow.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    closing = asyncio.create_task(close(calls, unless="1"))
    await turns()
    assert not closing.done()
    for late in slow.waiting:
        late.set_result(Replied(b"1"))
    await answering
    assert await closing == CLOSED


async def test_nothing_is_asked_while_the_lease_may_be_lost() -> None:
    slow, held = Slow(), False
    calls = asking(Plain(slow))
    answering = asyncio.create_task(ask(calls, Asker(may=lambda: held)))
    await turns()
    assert not slow.waiting
    held = True
    while not slow.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    slow.waiting[0].set_result(Replied(b"1"))
    assert await answering == CallAnswered("1", Name.REPLIED, b"1")


async def test_the_new_owner_waits_for_what_the_old_one_may_have_asked() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    calls = Calls({"A": Plain(Slow())}, Tracing(Telemetry(), {}), {"do": Retry(timeout_ms=30_000)}, sleep=sleep)
    now = asyncio.get_running_loop().time()
    tries = {name: operation.tries for name, operation in sagas.ring()["a"].projection.operations.items()}
    await close(calls, asker=Asker(tries=tries, since=now))
    [waited] = slept
    assert 0 <= limits.lease_ms / 1000 + 30 - waited < 5
    await close(calls, asker=Asker(tries=tries, since=now - 36))
    await close(calls, asker=Asker(tries=tries))
    assert len(slept) == 1


async def test_what_a_cancelled_question_has_sent_is_remembered() -> None:
    """Its session was dropped, because a commit was refused, and is taken up again here."""
    slow = Slow()
    calls = asking(Plain(slow))
    answering = asyncio.create_task(ask(calls))
    while not slow.waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await turns(3)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    closing = asyncio.create_task(close(calls))
    await turns()
    assert not closing.done()
    for late in slow.waiting:
        late.set_result(Fault("it failed"))
    assert await closing == CLOSED
    assert len(calls._outstanding) == 0


class Faulty:
    """A worker without a fence that fails until it is `well`."""

    def __init__(self) -> None:
        self.well = False
        self.ledger: list[str] = []
        self.calls: list[str] = []

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        await asyncio.sleep(0)
        self.calls.append(method)
        if method in (CLOSE, FORGET):
            return Missing(method)
        if method == "do" and not self.well:
            return Fault("HTTP 503")
        self.ledger.append(method)
        return Replied(b"1" if method == "do" else b"null")


def does() -> dict[str, RoleProgram]:
    def a(value: int) -> Program:
        yield Call("1", "do", {"value": value}, int)
        return 1

    return sagas.saga({"a": (a, sagas.transaction("do"), set())}, commit_role=None)


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_an_owner_that_lost_its_shard_asks_no_more() -> None:
    """The shard goes to another replica in good order; what waited between two attempts does not come after it."""
    services, plain, woken = Services(does()), Faulty(), asyncio.Event()
    a = services.sidecars["a"]
    a.driver.asking._calls._workers["A"] = plain  # type: ignore[index]

    async def backoff(seconds: float) -> None:
        await woken.wait()

    a.driver.asking._calls._sleep = backoff
    session = await services.start()
    await until(lambda: "do" in plain.calls and not a.driver._output._committing)
    assert (await services.row("a", session, a.driver.session(session, "a").row.phase)).asked == "1"  # type: ignore[union-attr]
    with few("lease_ms", 20), few("call_timeout_ms", 20):  # so long the new owner waits
        await a.intake.stop()
        await a.intake.release()
        a.driver.holding.hold({})
        plain.well = True
        other = services.add("a")
        other.driver.asking._calls._workers["A"] = plain  # type: ignore[index]
        await services.post(of(control(sagas.HEADER, Kind.CANCEL, CLIENT, "a", "no"), session))
        assert (await services.end(session)).outcome == "ended"
        woken.set()
        await turns(300)
        assert plain.ledger[-1] == "undo_do"
        assert not a.driver._tasks


async def test_what_is_asked_of_a_worker_without_a_fence_is_in_the_log_first() -> None:
    services, plain = Services(does()), Faulty()
    a = services.sidecars["a"]
    a.driver.asking._calls._workers["A"] = plain  # type: ignore[index]
    commits: list[str | None] = []
    commit = a.driver._committer.commit

    async def committed(one):  # type: ignore[no-untyped-def]
        assert "do" not in plain.calls or commits
        answer = await commit(one)
        if one.session is not None:
            commits.append(one.session.asked)
        return answer

    a.driver._committer.commit = committed  # type: ignore[method-assign]
    session = await services.start()
    await until(lambda: "do" in plain.calls)
    assert commits[0] == "1"
    plain.well = True
    assert (await services.end(session)).outcome == "settled"
