"""What a database administrator does: refuse logins for a while, fail over, make the server read-only.

The failover uses one server, which restarts as its own standby: it answers and takes no writes. Then it is promoted,
and goes on under a new timeline with everything that was committed.
"""

from __future__ import annotations

import asyncio
import random

from ops.chaos.faults import MAIN, Fault, Hurt
from ops.chaos.ground import Ground
from ops.chaos.lines import terminate_backends

OURS = ["%\\_sidecar", "%\\_worker"]
REFUSED_S = 6.0
READ_ONLY_S = 3.0


async def _logins(ground: Ground) -> list[str]:
    query = "SELECT rolname FROM pg_roles WHERE rolname LIKE ANY ($1) AND rolname !~ '^pg_' ORDER BY 1"
    return [row[0] for row in await ground.sql(query, OURS)]


async def refused(ground: Ground, chance: random.Random) -> Hurt:
    """As while passwords are changed: every login refused, every connection ended."""
    logins = await _logins(ground)
    try:
        for login in logins:
            await ground.sql(f"ALTER ROLE {login} NOLOGIN")
        hits = await terminate_backends(ground, "usename LIKE ANY ($1)", OURS)
        await asyncio.sleep(REFUSED_S)
    finally:
        for login in logins:
            await ground.sql(f"ALTER ROLE {login} LOGIN")
    return Hurt(hits, f"{len(logins)} logins refused for {REFUSED_S:.0f} s, {hits} connections ended")


async def failover(ground: Ground, chance: random.Random) -> Hurt:
    """The server comes back read-only, and is promoted; then sidecars are killed, so that some start after it."""
    before = ground.pid("postgres")
    (ground.running.directory / "postgres" / "standby.signal").touch()
    killed = await ground.kill("postgres")
    await ground.until(lambda: _standby(ground), "the server answers as a standby")
    await asyncio.sleep(READ_ONLY_S)
    await ground.sql("SELECT pg_promote()")
    await ground.until(lambda: ground.ready("postgres"), "postgres takes writes again")
    await asyncio.sleep(chance.random() * 2)
    victims = chance.sample(ground.sidecars, 2)
    hits = await ground.kill(*victims)
    timeline = await ground.value("SELECT timeline_id FROM pg_control_checkpoint()")
    return Hurt(
        killed and hits, f"process {before} promoted to timeline {timeline}, then {' and '.join(victims)} killed"
    )


async def _standby(ground: Ground) -> bool:
    return bool(await ground.value("SELECT pg_is_in_recovery()"))


FAULTS = (
    Fault("locked-out", "every login refused for some seconds", refused, MAIN),
    Fault("failover", "read-only, then promoted to a new timeline; some sidecars start after it", failover, MAIN),
)
