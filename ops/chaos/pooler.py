"""A PgBouncer in transaction mode between every sidecar and Postgres; the second replica of each service polls only.

So one sidecar of each service has LISTEN on a direct connection and its statements through the pooler, and the other
has no direct connection. The pooler has fewer server connections than clients, so clients share connections.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

from accompanist import postgres_server as postgres
from accompanist.log import names
from ops import pgbouncer
from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import SERVICES, Ground, Layout

POLL_S = 8.0


@contextmanager
def _between(ground: Ground) -> Iterator[None]:
    server = postgres.socket_place(ground.running.run)
    with pgbouncer.pooler(server, [names.sidecar_role(service) for service in SERVICES]) as found:
        ground.place = found
        for name in ground.sidecars:
            service = name.partition("-")[0]
            prefix = f"ACCOMPANIST_SERVICE_{service.upper()}_"
            told = {f"{prefix}POOLER": found.dsn(names.sidecar_role(service))}
            if name != service:
                told[f"{prefix}POLL_ONLY"] = "true"
            ground.extra[name] = told
        yield


POOLED = Layout("pooled", lacks=pgbouncer.lacking, between=_between)


async def quiet(ground: Ground, chance: random.Random) -> Hurt:
    """Nothing but the pooler itself; what hit is counted as transactions that went through it."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE '%\\_sidecar' AND application_name LIKE $1"
    before = await ground.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    listening = await ground.value(query, "accompanist listener")
    await asyncio.sleep(POLL_S)
    after = await ground.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    return Hurt(after - before if listening == len(SERVICES) else 0, f"{listening} of {len(ground.sidecars)} listen")


async def killed(ground: Ground, chance: random.Random) -> Hurt:
    hits = 0
    for _ in range(3):
        ground.place.kill()
        hits += 1
        await asyncio.sleep(0.5 + chance.random() * 2)
    return Hurt(hits, "PgBouncer three times")


async def behind(ground: Ground, chance: random.Random) -> Hurt:
    """The pooler stays and its server goes: clients keep a connection that leads nowhere."""
    hits = await ground.kill("postgres")
    await ground.until(lambda: ground.ready("postgres"), "postgres is ready")
    ended = 0
    for _ in range(4):
        ended += await ground.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename LIKE '%\\_sidecar'"
        )
        await asyncio.sleep(0.5 + chance.random())
    return Hurt(hits + ended, f"postgres once, then {ended} backends behind the pooler")


FAULTS = (
    Fault("pooled", "PgBouncer in transaction mode, half of the sidecars poll only", quiet, POOLED),
    Fault("kill-pooler", "SIGKILL of PgBouncer, three times", killed, POOLED),
    Fault("kill-behind", "Postgres and its backends killed behind PgBouncer", behind, POOLED),
)
