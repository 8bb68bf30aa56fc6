"""SIGSTOP past the lease, then SIGCONT: the process goes on with its old state, although its sessions have moved on."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ops.chaos.faults import LEASE_S, MAIN, Fault, Hurt
from ops.chaos.ground import Ground


async def _sleep(pids: Iterable[int], seconds: float) -> int:
    """Stop them, wait, let them go on; how many really stood still."""
    stopped = []
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        await asyncio.sleep(seconds)
        return sum(_state(pid) == "T" for pid in stopped)
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


async def sidecar(ground: Ground, chance: random.Random) -> Hurt:
    """A replica of each service in turn sleeps past its lease; the other has taken over when it wakes."""
    victims = chance.sample(ground.sidecars, 2)
    seconds = LEASE_S + 1 + chance.random() * 2
    hits = await _sleep([ground.pid(name) for name in victims], seconds)
    return Hurt(hits, f"{' and '.join(victims)} for {seconds:.1f} s")


async def service(ground: Ground, chance: random.Random) -> Hurt:
    """All sidecars of one service: nobody takes over, and all wake with leases that ran out."""
    name = chance.choice(("warehouse", "payment", "loyalty"))
    pids = [ground.pid(one) for one in ground.sidecars if one.partition("-")[0] == name]
    seconds = LEASE_S + 1 + chance.random() * 2
    return Hurt(await _sleep(pids, seconds), f"all sidecars of {name} for {seconds:.1f} s")


async def worker(ground: Ground, chance: random.Random) -> Hurt:
    """Longer than a call may take: it is asked again, and the sleeper's transaction may still commit."""
    name = chance.choice(ground.workers)
    return Hurt(await _sleep([ground.pid(name)], 12.0), f"{name} for 12 s")


async def postgres(ground: Ground, chance: random.Random) -> Hurt:
    """The postmaster and every backend."""
    rows = await ground.sql("SELECT pid FROM pg_stat_activity")
    pids = [ground.pid("postgres"), *(row["pid"] for row in rows)]
    seconds = LEASE_S + 1 + chance.random()
    return Hurt(await _sleep(pids, seconds), f"postgres with {len(pids) - 1} backends for {seconds:.1f} s")


FAULTS = (
    Fault("pause-sidecar", "two sidecars stopped past their lease", sidecar, MAIN),
    Fault("pause-service", "all sidecars of a service stopped past their lease", service, MAIN),
    Fault("pause-worker", "a worker stopped for longer than a call may take", worker, MAIN),
    Fault("pause-postgres", "Postgres stopped for longer than a lease", postgres, MAIN),
)
