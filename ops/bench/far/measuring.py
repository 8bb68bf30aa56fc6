"""What a chain takes at a distance: ours and an orchestrator's, in turn, and what the distance alone takes."""

from __future__ import annotations

import asyncio
import statistics
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ops.bench.client import Client
from ops.bench.far import project
from ops.bench.far.project import FRONT
from ops.forwarding import Network
from ops.local import ROOT, Cluster

Point = dict[str, float]
WARM = 3
READY_S = 60.0
STEP_S = 0.02

PAPER: dict[tuple[int, int], tuple[float, float]] = {
    (1, 0): (4.95, 0.98), (1, 1): (8.06, 8.17), (1, 5): (15.55, 26.76), (1, 9): (23.81, 43.64),
    (1, 18): (46.30, 86.29), (1, 27): (65.50, 124.70),
    (3, 0): (7.75, 2.92), (3, 1): (16.38, 19.33), (3, 5): (32.05, 54.74), (3, 9): (50.29, 87.10),
    (3, 18): (93.82, 169.18), (3, 27): (133.46, 240.20),
    (5, 0): (10.51, 6.70), (5, 1): (20.94, 24.98), (5, 5): (48.24, 82.04), (5, 9): (73.58, 129.88),
    (5, 18): (140.50, 245.35), (5, 27): (197.37, 361.79),
}  # fmt: skip
"""By length and delay in ms: medians in ms of the paper's choreography and of its orchestrator, computed from the rows
of its artifact. Its choreography is without a log, and its client is near it, and far from the orchestrator."""


class Clients(NamedTuple):
    """A client of the choreographies' initiator, and one of the orchestrator."""

    ours: Client
    orchestrator: Client


def ways(longest: int) -> Iterable[tuple[str, str]]:
    """The ways between sidecars that chains need: along the chain, and between the initiator and each other."""
    names = project.workers(longest)
    yield from pairwise(names)
    for name in names:
        yield FRONT, name
        yield name, FRONT


def hops_of(length: int) -> int:
    """How many messages lie in a row on a chain's way, the client's two included: what no order of work can save."""
    return length + 3


@asynccontextmanager
async def clients(running: Cluster, network: Network, longest: int) -> AsyncIterator[Clients]:
    """Clients that are as far away as everybody else, and the orchestrator, as far from each worker."""
    run = running.run
    project.join(running, network, ways(longest))
    urls = []
    for name in project.workers(longest):
        network.open(project.way(run, "orchestrator", name), run / f"{name}-{name}.sock")
        urls.append(f"unix:{project.way(run, 'orchestrator', name)}")
    network.open(project.way(run, "client", FRONT), run / f"{FRONT}-api.sock")
    network.open(project.way(run, "client", "orchestrator"), run / "orchestrator.sock")
    command = [sys.executable, "-m", "ops.bench.far.orchestrator", str(run / "orchestrator.sock"), *urls]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE)
    made = Clients(*(Client(f"http+unix:{project.way(run, 'client', to)}") for to in (FRONT, "orchestrator")))
    try:
        await _there(process, run / "orchestrator.sock")
        yield made
    finally:
        await asyncio.gather(made.ours.close(), made.orchestrator.close())
        assert process.stdin is not None
        process.stdin.close()  # its input ends, and so does it
        await process.wait()


async def _there(process: Process, socket: Path) -> None:
    async with asyncio.timeout(READY_S):
        while not socket.exists():  # noqa: ASYNC240 (another process makes it)
            if process.returncode is not None:
                raise RuntimeError(f"the orchestrator ended with {process.returncode}")
            await asyncio.sleep(STEP_S)


async def point(found: Clients, length: int, delay_ms: int, count: int) -> Point:
    """A chain at a distance: ours in both modes and the orchestrator's in turn, so that what disturbs the machine
    disturbs all; then ours in a row, each while the last messages of the one before are still under way."""
    for _ in range(WARM):
        await _start(found.ours, length)
        await _start(found.ours, length, volatile=True)
        await _start(found.orchestrator, length)
    ours, volatile, theirs = list[Point](), list[Point](), list[Point]()
    for _ in range(count):
        ours.append(await _start(found.ours, length))
        volatile.append(await _start(found.ours, length, volatile=True))
        theirs.append(await _start(found.orchestrator, length))
    in_a_row = [await _start(found.ours, length) for _ in range(count)]
    return {
        "length": length,
        "delay ms": delay_ms,
        **_spread("durable", [one["ms"] for one in ours]),
        **_spread("volatile", [one["ms"] for one in volatile]),
        **_spread("in a row", [one["ms"] for one in in_a_row]),
        **_spread("orchestrator", [one["ms"] for one in theirs]),
        **_spread("workers", [one["workers_ms"] for one in theirs]),
    }


async def _start(client: Client, length: int, *, volatile: bool = False) -> Point:
    took, said = await client.start(f"chain{length}", {"v0": "text"}, volatile=volatile)
    told = said.get("result", {})
    if told.get("outcome") != "settled":
        raise RuntimeError(f"chain{length} did not settle: {str(said)[:500]}")
    return {"ms": took, "workers_ms": told.get("workers_ms", 0.0)}


def _spread(name: str, values: Sequence[float]) -> Point:
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {f"{name} p25": low, f"{name} p50": median, f"{name} p75": high}


def limit_ms(nearest: Point, delay_ms: float) -> float:
    """The least that the chain of a point without delay can take at a distance: its hops, and the workers' time, as the
    orchestrator waited for it."""
    return hops_of(int(nearest["length"])) * delay_ms + nearest["workers p50"]
