"""SIGKILL of sidecars, workers, the postmaster, single backends, two processes at once, and one that is recovering.

With restart_after_crash=off a killed backend takes the whole server down, until its keeper starts it again. So no quick
restart of the backends hides the crash.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress

from ops.chaos.faults import MAIN, Fault, Hurt
from ops.chaos.ground import Ground

ROUNDS = 3
BETWEEN_S = 1.5


async def _rounds(ground: Ground, chance: random.Random, victims: list[str]) -> Hurt:
    hits, killed = 0, []
    for _ in range(ROUNDS):
        victim = chance.choice(victims)
        hits += await ground.kill(victim)
        killed.append(victim)
        await asyncio.sleep(chance.random() * BETWEEN_S)
    return Hurt(hits, ", ".join(killed))


async def sidecars(ground: Ground, chance: random.Random) -> Hurt:
    return await _rounds(ground, chance, ground.sidecars)


async def workers(ground: Ground, chance: random.Random) -> Hurt:
    return await _rounds(ground, chance, ground.workers)


async def postmaster(ground: Ground, chance: random.Random) -> Hurt:
    hits = 0
    for _ in range(2):
        hits += await ground.kill("postgres")
        await ground.until(lambda: ground.ready("postgres"), "postgres is ready")
        await asyncio.sleep(0.5 + chance.random() * BETWEEN_S)
    return Hurt(hits, "postmaster twice")


async def backend(ground: Ground, chance: random.Random) -> Hurt:
    """One backend that is at work; the server goes down with it."""
    hits, whose = 0, []
    query = "SELECT pid, usename FROM pg_stat_activity WHERE usename LIKE ANY ($1) ORDER BY state = 'active' DESC, pid"
    for _ in range(2):
        rows = await ground.sql(query, ["%\\_sidecar", "%\\_worker"])
        row = chance.choice(rows[:5])
        before = ground.pid("postgres")
        with suppress(ProcessLookupError):
            os.kill(row["pid"], signal.SIGKILL)
            hits += 1
            whose.append(row["usename"])
            await ground.reborn("postgres", before)
        await ground.until(lambda: ground.ready("postgres"), "postgres is ready")
        await asyncio.sleep(chance.random() * BETWEEN_S)
    return Hurt(hits, f"backends of {', '.join(whose)}")


async def two(ground: Ground, chance: random.Random) -> Hurt:
    """Any two processes in the same moment."""
    hits, pairs = 0, []
    for _ in range(ROUNDS):
        pair = chance.sample([*ground.sidecars, *ground.workers, "postgres"], 2)
        hits += await ground.kill(*pair)
        pairs.append(" + ".join(pair))
        await ground.until(lambda: ground.ready("postgres"), "postgres is ready")
        await asyncio.sleep(chance.random() * BETWEEN_S)
    return Hurt(hits, ", ".join(pairs))


async def recovering(ground: Ground, chance: random.Random) -> Hurt:
    """Both sidecars of a service, and again as soon as they are back and sweeping; then the server in the middle."""
    service = chance.choice(("warehouse", "payment", "loyalty"))
    both = [name for name in ground.sidecars if name.partition("-")[0] == service]
    hits = await ground.kill(*both)
    for _ in range(2):
        await asyncio.sleep(0.2 + chance.random() * 1.5)  # starting, leasing or sweeping
        hits += await ground.kill(*both)
    await asyncio.sleep(0.5 + chance.random())
    hits += await ground.kill("postgres")
    return Hurt(hits, f"{' + '.join(both)} three times in a row, then postgres")


FAULTS = (
    Fault("kill-sidecar", "SIGKILL of a sidecar, three times", sidecars, MAIN),
    Fault("kill-worker", "SIGKILL of a worker, three times", workers, MAIN),
    Fault("kill-postgres", "SIGKILL of the postmaster, twice", postmaster, MAIN),
    Fault("kill-backend", "SIGKILL of a backend: the server goes down", backend, MAIN),
    Fault("kill-two", "SIGKILL of two processes at once, three times", two, MAIN),
    Fault("kill-again", "SIGKILL again during recovery", recovering, MAIN),
)
