"""One answer about one message says nothing about the others in the outbox."""

from __future__ import annotations

import pytest

from accompanist.limits import outbox_retry_cap_ms
from accompanist.runtime.ports import Delivery
from tests.log.letters import burst, header, message
from tests.log.worlds import World, owner


@pytest.mark.parametrize("answer", [Delivery.STORED, Delivery.CLASH])
async def test_only_what_was_answered_goes(world: World, answer: Delivery) -> None:
    log = await owner(world, "warehouse", away=["payment"])
    one, two = header(), header()
    await log.flush([burst(of, messages=(message(of),)) for of in (one, two)])
    assert len(await log.relay(["payment"], 10)) == 2
    await log.relayed([(message(one), answer)])
    await world.pass_time(outbox_retry_cap_ms / 1000)
    assert [away.message for away in await log.relay(["payment"], 10)] == [message(two)]
