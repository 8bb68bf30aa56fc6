"""A sidecar is ready when its sessions go on: it has looked through its shards, holds them, and none of its loops
fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from accompanist import limits
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import InboxEntry, LogUnavailable
from accompanist.sidecar.sessions.freshness import Key
from tests.runtime import sagas
from tests.sidecar.harness import Services, Sidecar


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110
            await asyncio.sleep(0)  # a turn of the loop, not a time


async def ready() -> Sidecar:
    sidecar = Services(sagas.lone()).sidecars["a"]
    await until(lambda: sidecar.intake.ready)
    return sidecar


async def test_it_is_not_ready_before_it_has_looked_through_its_shards() -> None:
    sidecar = Services(sagas.lone()).sidecars["a"]
    let_go, unfinished = asyncio.Event(), sidecar.log.unfinished

    async def slow(shards: Sequence[int]) -> Sequence[Key]:
        await let_go.wait()
        return await unfinished(shards)

    sidecar.log.unfinished = slow  # type: ignore[method-assign]
    await until(lambda: sidecar.driver.holding.holds(sagas.HEADER.session))
    assert not sidecar.intake.ready
    let_go.set()
    await until(lambda: sidecar.intake.ready)


async def test_it_is_not_ready_when_another_may_have_its_shards() -> None:
    intake = (await ready()).intake
    now = intake._leased_at
    intake._clock = lambda: now + limits.lease_ms / 1000
    assert not intake.ready


async def test_it_is_not_ready_while_a_loop_that_sessions_need_fails() -> None:
    intake = (await ready()).intake
    intake._background.failing["collect"] = "ValueError"
    assert intake.ready, "what keeps house may fail"
    intake._background.failing["inbox"] = "ValueError"
    assert not intake.ready


@pytest.mark.parametrize("beyond", [0, 1])
async def test_what_lies_in_the_inbox_is_taken_portion_by_portion_without_being_woken_for_each(beyond: int) -> None:
    """A full portion may be the last: only one that is not says that there is no more."""
    intake = (await ready()).intake
    await intake.stop()
    size, left, asked = limits.inbox_take_rows_max, 2 * limits.inbox_take_rows_max + beyond, []
    message = Message(header=sagas.HEADER, kind=Kind.DATA, site="2", sender="b", receiver="a", payload=b"2")
    one = InboxEntry(message=message, sender_service="b", known=False)

    async def take(rows: int, taken: Sequence[InboxEntry] = ()) -> Sequence[InboxEntry]:
        nonlocal left
        asked.append(len(taken))
        some = min(rows, left)
        left -= some
        return [one] * some

    intake._log.take = take  # type: ignore[method-assign]
    intake._driver.take = lambda taken: taken  # type: ignore[method-assign]
    intake._taken = ()
    await intake._take()
    assert asked == [0, size, size]
    assert len(intake._taken) == beyond


async def test_a_sweep_that_the_log_does_not_answer_is_due_again_and_it_is_not_ready_before() -> None:
    sidecar = Services(sagas.lone()).sidecars["a"]
    unfinished = sidecar.log.unfinished
    seen: list[bool] = []

    async def away(shards: Sequence[int]) -> Sequence[Key]:
        if len(seen) < 3:
            seen.append(sidecar.intake.ready)
            raise LogUnavailable("ConnectionRefusedError")
        return await unfinished(shards)

    sidecar.log.unfinished = away  # type: ignore[method-assign]
    sidecar.intake._background._sleep = lambda seconds: asyncio.sleep(0)
    await until(lambda: sidecar.intake.ready)
    assert seen == [False] * 3
    assert sidecar.intake._unswept == set()


async def test_a_sidecar_whose_leases_had_lapsed_announces_itself_anew() -> None:
    """Reason: others forget a replica that has expired, with what it had announced, and may leave it its shards."""
    intake = (await ready()).intake
    await intake.stop()
    told: list[int] = []
    intake._acquired = lambda: told.append(1)
    await intake._renew()
    assert told == [], "neither new shards, nor late"
    now = intake._clock() + limits.lease_ms / 1000
    intake._clock = lambda: now
    await intake._renew()
    assert told == [1]
