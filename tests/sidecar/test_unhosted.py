"""A session whose version is not hosted: only the log has its messages, and it begins with all of them."""

from __future__ import annotations

import asyncio

import pytest

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.messages import Header
from tests.runtime import sagas
from tests.sidecar.harness import Hosted, Services


async def test_what_came_before_its_version_is_not_lost_to_what_comes_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version was brought back from the log, and the session is not loaded yet. What comes then may not begin it:
    the first message was taken from the inbox before, and nobody would give it to the session."""
    services = Services(sagas.delivered())
    c = services.sidecars["c"].driver
    hosts, program = False, Hosted.program

    def found(self: Hosted, header: Header, role: str) -> RoleProgram | None:
        return program(self, header, role) if role != "c" or hosts else None

    monkeypatch.setattr(Hosted, "program", found)
    await services.sidecars["b"].intake.stop()
    session = await services.start()
    async with asyncio.timeout(20):
        while (session, "c") not in c.unhosted:  # noqa: ASYNC110 (a turn of the loop, not a time)
            await asyncio.sleep(0)
    hosts = True
    services.add("b")
    assert (await services.end(session)).outcome == "settled"
