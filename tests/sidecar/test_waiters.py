"""Several clients that wait for one session each get their answer, and leave nothing behind."""

from __future__ import annotations

import msgspec

from accompanist.runtime.ports import Phase, SessionRow
from accompanist.sidecar.api.waiters import Waiters
from tests.runtime import sagas

SESSION = sagas.HEADER.session
DONE = SessionRow(header=sagas.HEADER, role="a", phase=Phase.DONE)
OVER = msgspec.structs.replace(DONE, outcome="settled")


async def test_who_leaves_takes_nobody_s_answer_along() -> None:
    waiters = Waiters()
    with waiters.wait(SESSION, early=False) as stays:
        with waiters.wait(SESSION, early=False):
            assert waiters.count == 2
        waiters.ended(OVER)
        assert stays.row is OVER


async def test_of_a_session_that_nobody_waits_for_any_more_nothing_is_kept() -> None:
    waiters = Waiters()
    with waiters.wait(SESSION, early=False):
        pass
    assert waiters._waiting == {}


async def test_who_waits_for_the_saga_is_not_told_of_the_role_s_own_end() -> None:
    waiters = Waiters()
    with waiters.wait(SESSION, early=True) as early, waiters.wait(SESSION, early=False) as late:
        waiters.ended(DONE)
        assert early.row is DONE
        assert late.row is None
        waiters.ended(OVER)
        assert late.row is OVER


async def test_the_end_of_another_role_is_not_the_initiator_s() -> None:
    waiters = Waiters()
    with waiters.wait(SESSION, early=True) as waits:
        waiters.ended(msgspec.structs.replace(OVER, role="b"))
        assert waits.row is None
