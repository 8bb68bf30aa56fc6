"""What operators do: restart all processes under load, and deploy a program that does not know the log's schema
revision."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Sequence

from accompanist.log import schema
from ops.chaos.faults import MAIN, Fault, Hurt
from ops.chaos.ground import Ground
from ops.chaos.oracles import Breach

STOP_S = 10.0
"""How long a process may take to end when it is told to: what its keeper grants."""
REFUSED_S = 4.0


async def restart(ground: Ground, chance: random.Random) -> Hurt:
    """SIGTERM to every process in turn, Postgres by a fast shutdown, each there again before the next."""
    order = [*ground.sidecars, *ground.workers, "postgres"]
    chance.shuffle(order)
    slow: list[Breach] = []
    hits = 0
    for name in order:
        took = await told_to_end(ground, name)
        hits += 1
        if took > STOP_S:
            slow.append(Breach("I4", name, f"took {took:.1f} s to end after SIGTERM"))
        await ground.until(lambda name=name: ground.ready(name), f"{name} is ready again")  # type: ignore[misc]
    return Hurt(hits, " ".join(order), tuple(slow))


async def told_to_end(ground: Ground, name: str) -> float:
    """SIGTERM, and until the process is gone and another in its place."""
    pid = ground.signal(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    began = time.monotonic()
    await ground.until(lambda: not os.path.exists(f"/proc/{pid}"), f"{name} ends")  # noqa: PTH110
    took = time.monotonic() - began
    await ground.reborn(name, pid)
    return took


async def refusing(ground: Ground, sidecars: Sequence[str], code: str) -> tuple[int, list[str]]:
    """Restart sidecars that have to refuse with this code, again and again: how often they said so, and which of them
    are ready nevertheless."""
    before = ground.said(code)
    for name in sidecars:
        await told_to_end(ground, name)
    began = time.monotonic()
    names = " and ".join(sidecars)
    await ground.until(lambda: ground.said(code) >= before + len(sidecars), f"{names} refuse with {code}")
    await asyncio.sleep(max(0.0, REFUSED_S - (time.monotonic() - began)))
    return ground.said(code) - before, [name for name in sidecars if await ground.ready(name)]


async def _other_schema(ground: Ground, service: str, revision: str, code: str) -> Hurt:
    """The log of a service says that it is of another revision, and its sidecars are restarted: they have to refuse,
    again and again, while the others work on; put right, everything goes on."""
    await ground.sql(f"UPDATE {service}.alembic_version SET version_num = $1", revision)  # noqa: S608
    try:
        refused, ready = await refusing(ground, ground.sidecars_of(service), code)
    finally:
        await ground.sql(f"UPDATE {service}.alembic_version SET version_num = $1", schema.head())  # noqa: S608
    wrong = tuple(Breach("I6", name, f"works on a schema of revision {revision}") for name in ready)
    return Hurt(refused, f"{service} at revision {revision}: refused {refused} times", wrong)


async def ahead(ground: Ground, chance: random.Random) -> Hurt:
    return await _other_schema(ground, chance.choice(("warehouse", "payment", "loyalty")), "9999", "ACC404")


async def behind(ground: Ground, chance: random.Random) -> Hurt:
    earlier = schema.REVISIONS[-2]
    return await _other_schema(ground, chance.choice(("warehouse", "payment", "loyalty")), earlier, "ACC403")


FAULTS = (
    Fault("rolling", "every process restarted in turn by SIGTERM", restart, MAIN),
    Fault("schema-ahead", "a log migrated further than its sidecars know", ahead, MAIN),
    Fault("schema-behind", "a log that was not migrated yet", behind, MAIN),
)
