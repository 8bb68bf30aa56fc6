"""A sidecar is ready only while its decisions can be committed and a session can begin; renewed leases alone do not
show that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from accompanist import limits
from accompanist.runtime.ports import Commit, Delivery, LogUnavailable, Phase
from accompanist.sidecar.loops.peer_quota import PeerQuotas
from tests.runtime import sagas
from tests.sidecar.harness import Services


async def test_a_sidecar_that_commits_nothing_for_longer_than_its_lease_is_not_ready() -> None:
    services = Services(sagas.ring())
    sidecar = services.sidecars["a"]
    while not sidecar.intake.ready:  # noqa: ASYNC110
        await asyncio.sleep(0)
    flush, refused = sidecar.log.flush, asyncio.Event()
    refuses = True

    async def held_up(commits: Sequence[Commit]) -> Sequence[Sequence[Delivery]]:
        if refuses:
            refused.set()
            raise LogUnavailable("somebody has a lock")
        return await flush(commits)

    sidecar.log.flush = held_up  # type: ignore[method-assign]
    starting = asyncio.create_task(services.start())
    await refused.wait()
    assert sidecar.intake.ready, "not yet: a commit may take as long as a lease"
    services.now += limits.lease_ms / 1000 + 1
    await sidecar.intake._renew()  # leases are renewed all the time
    assert not sidecar.intake.ready
    refuses = False
    session = await starting
    assert sidecar.intake.ready
    assert (await services.end(session)).phase is Phase.SETTLED


async def test_a_sidecar_at_which_no_session_can_begin_is_not_ready() -> None:
    """Its inbox holds as much as it may for all together; a client's start would be refused, too."""
    services = Services(sagas.ring())
    sidecar = services.sidecars["a"]
    quotas = sidecar.intake._quotas = PeerQuotas(sidecar.log, peers=2)
    while not sidecar.intake.ready:  # noqa: ASYNC110
        await asyncio.sleep(0)
    tables = services.database.services["a"]
    bound, tables.early_rows_max = tables.early_rows_max, 0
    await quotas.step()
    assert quotas.full and not sidecar.intake.ready
    tables.early_rows_max = bound
    await quotas.step()
    assert sidecar.intake.ready
