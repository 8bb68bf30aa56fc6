"""The disk of Postgres full, then room again: it stops cleanly, and goes on.

The data directory is on a small tmpfs that the layout mounts, which needs root; without root the fault is skipped, and
says so. First there is no room for tables (statements fail, the server goes on), then none for the next WAL segment
(the server stops; its keeper cannot start it until there is room). A tmpfs is full like any disk, but it cannot show
what fsync would have kept in a power failure.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg

from accompanist import postgres_server as postgres
from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import Ground, Layout

DISK_MB = 256
FULL_S = 6.0
FULL = "No space left on device"


def _lacks() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a small disk is a tmpfs here, and mounting one takes root on Linux"
    return ""


@contextmanager
def _around(directory: Path) -> Iterator[Path]:
    """A tmpfs, with the place of the data linked into it."""
    disk = directory / "disk"
    disk.mkdir()
    mounted = postgres.reachable(directory, postgres.identity())
    place = disk if mounted else Path("/var/lib/accompanist") / f"disk-{os.getpid()}"
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=755", "tmpfs", place], check=True)
    try:
        (directory / "postgres").symlink_to(place / "data")
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


DISK = Layout("disk", replicas=1, lacks=_lacks, around=_around, postgres={"log_min_messages": "warning"})


async def full(ground: Ground, chance: random.Random) -> Hurt:
    disk: Path = ground.place
    filler, before = disk / "filler", ground.said(FULL)
    pid = ground.pid("postgres")
    try:
        await asyncio.to_thread(_fill, filler)
        await asyncio.sleep(FULL_S)
        tables = ground.said(FULL) - before
        await _new_segments(ground)
        await asyncio.sleep(FULL_S)
    finally:
        filler.unlink()
    await ground.until(lambda: ground.ready("postgres"), "postgres is ready")
    hits = ground.said(FULL) - before
    stopped = "stopped" if ground.pid("postgres") != pid else "lived"
    return Hurt(hits, f"{DISK_MB} MB full: {tables} times before the log was full, {hits} in all; the server {stopped}")


def _fill(filler: Path) -> None:
    """Every free byte."""
    with filler.open("wb", buffering=0) as file:
        for size in (1_048_576, 4_096):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


async def _new_segments(ground: Ground) -> None:
    """Ask for WAL segments until one cannot be had, or the server is gone."""
    more = "SELECT pg_logical_emit_message(true, 'chaos', 'full'), pg_switch_wal()"
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        connection = await asyncpg.connect(ground.running.admin_dsn, timeout=5)
        for _ in range(40):
            await connection.execute(more, timeout=5)


FAULTS = (Fault("disk-full", "Postgres' disk full, for tables and then for its log", full, DISK),)
