"""The guards that keep a role from being begun anew by another role of its service: one of them is enough, none is not.
The simulation finds only that all are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from tests.sidecar.test_two_roles import hand_over
from tests.sidecar.test_versions import Deployment, deployment, until
from tests.simulation.beginnings import GUARDS

__all__ = ["deployment"]


async def begun_by_an_abort(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The roles that an abort of another role begins, unread, after a commit was refused and before the sweep."""
    deployment.write(10)
    desk = await deployment.sidecar()
    await until(lambda: desk.intake.ready)
    header = await desk.start(1)
    await until(lambda: bool(deployment.worker.asked))
    await desk.intake.stop()  # nothing is swept any more
    teller = desk.driver.session(header.session, "teller")
    assert teller is not None
    desk.driver.holding.give_up(teller)
    roles: list[str] = []
    begin = desk.driver.begin

    def noted(message: Message) -> None:
        roles.append(message.receiver)
        begin(message)

    monkeypatch.setattr(desk.driver, "begin", noted)
    await hand_over(desk, control(header, Kind.ABORT, "asker", "teller", "no more"))
    await desk.stop()
    return roles


@pytest.mark.parametrize("left", GUARDS, ids=lambda guard: guard.__name__)
async def test_one_guard_is_enough(
    left: Callable[[], Any], deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as without:
        for guard in GUARDS:
            if guard is not left:
                without.enter_context(guard())
        assert await begun_by_an_abort(deployment, monkeypatch) == []


async def test_without_a_guard_a_role_is_begun_anew(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as without:
        for guard in GUARDS:
            without.enter_context(guard())
        assert await begun_by_an_abort(deployment, monkeypatch) == ["teller"]
