"""Sessions whose worker is down can be found: the log has the number of failed attempts, written when there is time,
until the answer comes.
"""

from __future__ import annotations

import asyncio

from accompanist import limits
from accompanist.runtime.answers import Answer, Declined, Fault
from accompanist.runtime.ports import SessionFilter, SessionSummary
from tests.runtime import sagas
from tests.sidecar.harness import Services, Workers, few

DOWN = Fault("no connection to the worker", silent=True, away=True)


async def found(services: Services, role: str, retrying: bool) -> list[SessionSummary]:
    return list(await services.sidecars[role].log.summaries(SessionFilter(retrying=retrying), limit=9))


async def until_retrying(services: Services, role: str) -> SessionSummary:
    async with asyncio.timeout(20):
        while not (rows := await found(services, role, retrying=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return rows[0]


class Down(Workers):
    """A worker that cannot be reached until it is let."""

    up = False

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if self.up:
            return await super().call(method, arguments, meta, timeout_ms)
        self.calls.append(method)
        await asyncio.sleep(0.0005)  # what a refused connection takes
        return DOWN


def with_worker_down(role: str) -> tuple[Services, Down]:
    programs = sagas.recorded()
    services = Services(programs)
    down = Down(role, programs, frozenset())
    services.sidecars[role].driver.asking._calls._workers = {role.upper(): down}  # type: ignore[attr-defined]
    return services, down


async def test_a_session_whose_worker_is_down_is_found_until_it_is_up() -> None:
    services, down = with_worker_down("a")
    down.up = True
    session = await services.start()
    async with asyncio.timeout(20):
        while "do" not in down.calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
    down.up = False
    row = await until_retrying(services, "a")
    assert (row.session, row.waiting) == (session, "worker: tell at 6")
    assert row.retrying >= 2 and row.retrying & (row.retrying - 1) == 0
    down.up = True
    assert (await services.end(session)).outcome == "settled"
    assert await found(services, "a", retrying=True) == []


async def test_what_is_shown_says_why_the_worker_gives_no_answer() -> None:
    services, down = with_worker_down("a")
    session = await services.start()
    row = await until_retrying(services, "a")
    assert (row.waiting, row.trouble) == ("worker: do at 1", "no connection to the worker")
    while down.calls.count("do") < 3 * limits.call_attempts_max:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert set(down.calls) == {"do"}, "nothing is undone because nobody is there"
    down.up = True
    assert (await services.end(session)).outcome == "settled"


async def test_a_saga_that_waits_to_be_undone_says_so() -> None:
    services, down = with_worker_down("a")
    down.up = True
    services.workers["b"].answers = [Fault("it fails")] * limits.call_attempts_max
    session = await services.start()
    async with asyncio.timeout(20):
        while "do" not in down.calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
    down.up = False
    row = await until_retrying(services, "a")
    assert row.waiting == "worker: close, before it is undone: try_it gives no answer"
    down.up = True
    assert (await services.end(session)).outcome == "ended"


async def test_a_decline_of_what_may_not_be_declined_is_a_fault_with_its_reason_until_it_is_mended() -> None:
    """A retriable operation: not recorded, asked again, shown with its reason, and a mended worker mends it."""
    services = Services(sagas.recorded())
    worker = services.workers["a"]
    plain, mended = worker.call, False

    async def call(method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if method == "tell" and not mended:
            return Declined("no such")
        return await plain(method, arguments, meta, timeout_ms)

    worker.call = call  # type: ignore[method-assign]
    session = await services.start()
    row = await until_retrying(services, "a")
    assert (row.session, row.parked, row.outcome) == (session, None, None)
    assert row.trouble == "it declines, which it may not: no such"
    mended = True
    ended = await services.end(session)
    assert (ended.outcome, ended.retrying, ended.trouble) == ("settled", 0, "")


async def test_a_fence_keeps_no_decline_of_what_may_not_be_declined() -> None:
    programs = sagas.recorded()
    services = Services(programs, declines="tell")
    session = await services.start()
    assert (await until_retrying(services, "a")).trouble == "it declines, which it may not: tell says no"
    fenced = services.workers["a"].sessions[session]
    fenced._functions = sagas.workers(programs)["a"]._functions  # the worker is mended
    assert (await services.end(session)).outcome == "settled"


async def test_one_fault_is_nothing_to_look_at() -> None:
    services = Services(sagas.ring())
    services.workers["b"].answers = [DOWN]
    writes: list[int] = []
    session = services.sidecars["b"].driver
    again = session._again
    session._again = lambda one, attempts, why: (writes.append(attempts), again(one, attempts, why))  # type: ignore[method-assign]
    row = await services.end(await services.start())
    assert row.outcome == "settled" and writes == []
    assert await found(services, "b", retrying=True) == []


async def test_attempts_are_written_rarely_and_never_forced() -> None:
    services, down = with_worker_down("a")
    down.up = True
    session = await services.start()
    commits: list[int] = []
    flusher = services.sidecars["a"].flusher
    plain = flusher.commit

    async def counted(commit):  # type: ignore[no-untyped-def]
        if commit.session is not None and commit.session.retrying:
            assert not (commit.results or commit.messages), "an attempt alone forces nothing"
            commits.append(commit.session.retrying)
        return await plain(commit)

    flusher.commit = counted  # type: ignore[method-assign]
    with few("lazy_write_ms", 0):
        async with asyncio.timeout(20):
            while "do" not in down.calls:  # noqa: ASYNC110
                await asyncio.sleep(0)
            down.up = False
            while down.calls.count("tell") < 100:  # noqa: ASYNC110
                await asyncio.sleep(0)
            down.up = True
    await services.end(session)
    assert 1 <= len(commits) <= 7, commits  # 2, 4, 8, … 64, some of them together
    assert commits == sorted(commits)


async def test_what_a_restarted_sidecar_takes_up_counts_anew() -> None:
    services, down = with_worker_down("a")
    down.up = True
    session = await services.start()
    async with asyncio.timeout(20):
        while "do" not in down.calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
    down.up = False
    await until_retrying(services, "a")
    services.now += limits.lease_ms / 1000 + 1
    services.add("a")  # another sidecar, whose worker answers
    assert (await services.end(session)).outcome == "settled"
    assert await found(services, "a", retrying=True) == []
    down.up = True  # the one that is gone stops asking
