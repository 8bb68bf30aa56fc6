"""Faults of the telemetry collector: it is down, does not answer, refuses, or answers nonsense. No saga may change.

Every process exports to a listener of this run, which misbehaves in these ways one after the other. Judged are the
invariants, and that processes still stop in time.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import Ground, Layout
from ops.chaos.rolling import restart

PHASE_S = 5.0
ANSWERS = {
    "well": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "refusing": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "babbling": b"\xff\xfe" * 500,
}


class Collector:
    """A listener on loopback, on a thread of its own. `mode`: well, refusing, babbling, deaf (accepts, never answers),
    down (closes at once)."""

    def __init__(self) -> None:
        self.mode = "well"
        self.asked: Counter[str] = Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="collector", daemon=True)

    def start(self) -> None:
        self._thread.start()

        async def listen() -> int:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            port: int = server.sockets[0].getsockname()[1]
            return port

        self.port = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked[self.mode] += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while self.mode != "down":
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                await reader.readexactly(length)
                self.asked[self.mode] += 1
                while self.mode == "deaf":  # noqa: ASYNC110 (another thread sets it)
                    await asyncio.sleep(0.05)
                writer.write(ANSWERS.get(self.mode, b""))
                await writer.drain()
        writer.transport.abort()


@contextmanager
def _around(directory: Path) -> Iterator[Collector]:
    collector = Collector()
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()


@contextmanager
def _between(ground: Ground) -> Iterator[None]:
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ground.place.port}",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "OTEL_METRIC_EXPORT_INTERVAL": "2000",
    }
    ground.extra.update(dict.fromkeys((*ground.sidecars, *ground.workers), told))
    yield


TRACED = Layout("traced", replicas=1, around=_around, between=_between)


async def misbehaving(ground: Ground, chance: random.Random) -> Hurt:
    modes = ["down", "deaf", "refusing", "babbling"]
    chance.shuffle(modes)
    collector: Collector = ground.place
    for mode in modes:
        collector.mode = mode
        await asyncio.sleep(PHASE_S)
    hits = [collector.asked[mode] for mode in modes]
    collector.mode = "well"
    told = ", ".join(f"{mode} {count}" for mode, count in zip(modes, hits, strict=True))
    return Hurt(sum(hits) if all(hits) else 0, f"asked while {told}")


async def leaving(ground: Ground, chance: random.Random) -> Hurt:
    """Everybody is told to end while the collector does not answer: nobody may wait for it."""
    collector: Collector = ground.place
    collector.mode = "deaf"
    hurt = await restart(ground, chance)
    collector.mode = "well"
    return Hurt(hurt.hits if collector.asked["deaf"] else 0, f"deaf, while restarted: {hurt.schedule}", hurt.breaches)


FAULTS = (
    Fault("collector", "a telemetry collector down, deaf, refusing, babbling", misbehaving, TRACED),
    Fault("collector-end", "every process restarted while the collector is deaf", leaving, TRACED),
)
