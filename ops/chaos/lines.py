"""Faults of the sidecars' connections: terminated backends, a lost LISTEN, lost notifications, connections that fall
silent, and a server that accepts no more."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import asyncpg

from accompanist import limits
from ops.chaos.faults import MAIN, Fault, Hurt
from ops.chaos.ground import Ground

LISTENER = "accompanist listener"


async def terminate_backends(ground: Ground, where: str, *arguments: object) -> int:
    """pg_terminate_backend of those that fit, as an administrator would."""
    query = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {where}"  # noqa: S608
    return int(await ground.value(query, *arguments))


async def terminate(ground: Ground, chance: random.Random) -> Hurt:
    hits = 0
    for _ in range(6):
        hits += await terminate_backends(ground, "usename LIKE ANY ($1)", ["%\\_sidecar", "%\\_worker"])
        await asyncio.sleep(0.3 + chance.random())
    return Hurt(hits, "all backends of sidecars and workers, six times")


async def listeners(ground: Ground, chance: random.Random) -> Hurt:
    """Only those that listen: the sidecars work on and hear nothing until they notice."""
    hits = 0
    for _ in range(4):
        hits += await terminate_backends(ground, "application_name = $1", LISTENER)
        await asyncio.sleep(0.5 + chance.random())
    return Hurt(hits, "listening backends, four times")


async def deaf(ground: Ground, chance: random.Random) -> Hurt:
    """The listening lines fall silent without an end: nothing is closed, nothing comes."""
    edges = ground.edges.all(lambda edge: edge.postgres)
    before = sum(edge.held_chunks for edge in edges)
    for edge in edges:
        edge.only = LISTENER
        edge.hold()
    await asyncio.sleep(limits.heartbeat_ms / 1000 + 2)
    return Hurt(sum(edge.held_chunks for edge in edges) - before, "every listening line silent, past its heartbeat")


async def lost_notify(ground: Ground, chance: random.Random) -> Hurt:
    edges = ground.edges.all(lambda edge: edge.postgres)
    before = sum(edge.muted for edge in edges)
    for edge in edges:
        edge.mute = True
    await asyncio.sleep(8)
    return Hurt(sum(edge.muted for edge in edges) - before, "every notification lost for 8 s")


async def crowded(ground: Ground, chance: random.Random) -> Hurt:
    """Strangers take every connection that the server has left, while ours are cut off: they find no place."""
    crowd: list[asyncpg.Connection] = []
    hits = 0
    try:
        hits += await terminate_backends(ground, "usename LIKE ANY ($1)", ["%\\_sidecar", "%\\_worker"])
        while True:
            with suppress(OSError, TimeoutError):
                crowd.append(await asyncpg.connect(ground.running.admin_dsn, timeout=2))
    except asyncpg.PostgresError:
        pass  # sorry, too many clients already
    try:
        refused = 0
        for _ in range(20):
            refused += not await _room(ground)
            await asyncio.sleep(0.3)
    finally:
        await asyncio.gather(*(one.close(timeout=2) for one in crowd), return_exceptions=True)
    return Hurt(refused, f"{len(crowd)} strangers for 6 s, {hits} of ours cut off")


async def _room(ground: Ground) -> bool:
    """Whether one more gets in."""
    try:
        connection = await asyncpg.connect(ground.running.admin_dsn, timeout=2)
    except (asyncpg.PostgresError, OSError, TimeoutError):
        return False
    await connection.close(timeout=2)
    return True


FAULTS = (
    Fault("terminate", "pg_terminate_backend of all sidecars and workers", terminate, MAIN),
    Fault("unlisten", "only the listening backends terminated", listeners, MAIN),
    Fault("deaf", "listening connections silent without an end", deaf, MAIN),
    Fault("lost-notify", "notifications lost, the poll is left", lost_notify, MAIN),
    Fault("crowded", "max_connections used up by others", crowded, MAIN),
)
