"""How a saga's costs grow: curves with their limits, as JSON and as pictures.

    python -m ops.bench.scaling [CURVE ...] [--seconds 5] [--count 30] [--ended 100000] [--waiting 100000] [--json]

The curves: `roles` (2 to 32 in a ring), `replicas` (1, 2, 4 sidecars for each service, all asked in turn), `payload`
(1 kB to 1 MB through a ring of four), `ended` and `waiting` (sessions that lie in the log meanwhile: real ones, and
copies of them, see `filling`), `open` (sessions that wait for a worker that stands still). Each goes to `--directory`,
where CURVE.json has every figure. A limit is a dashed line:

    roles     processor time for each role stays what it is with two
    replicas  the rate does not fall below that of one, and the median not above 1.2 times its own
    payload   twice what four plain inserts of the payload take, each in a transaction
    ended     the median stays, and a sidecar that is killed is ready again within five seconds
    waiting   the same
    open      the same, for 10,000; they settle once the worker goes on

Not promised: absolute figures; a point that is far off was disturbed by others, of whom `foreign cores` tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.bench import plots
from ops.bench.generated import place_of, running_in
from ops.bench.plots import Curve
from ops.bench.scaling import parts, points, project
from ops.bench.scaling.filling import Filling
from ops.bench.scaling.points import Load, Point
from ops.local import ROOT, Cluster

ROLES = (2, 4, 8, 16, 32)
REPLICAS = (1, 2, 4)
PAYLOADS = (1_000, 10_000, 100_000, 1_000_000)
CONNECTIONS = 400
PATTERN = 100
"""Real sessions of which copies are made."""
OPEN = (100, 1_000, 10_000)
HELD = "s1"
"""Whose worker stands still for `open`."""
READY_S = 5.0
Points = list[Point]
Curving = Callable[[Cluster, Load], Coroutine[Any, Any, Points]]


@contextmanager
def deployment(directory: Path, replicas: int = 1) -> Iterator[Cluster]:
    """The generated project, running on a server of its own, from nothing."""
    project.write(place_of(directory), ROLES, replicas)
    with running_in(directory, CONNECTIONS) as running:
        yield running


async def roles(running: Cluster, load: Load) -> Points:
    async with points.measuring(running) as measure:
        return [await measure(f"ring{size}", "x", size, load) for size in ROLES]


async def payload(running: Cluster, load: Load) -> Points:
    async with points.measuring(running) as measure:
        found = []
        for size in PAYLOADS:
            value = random.Random(size).randbytes(size // 2).hex()  # what compresses well would cost nothing
            plain = await points.plain(running, value, 4, load)
            found.append({**await measure("ring4", value, size, load), **plain})
            before = await parts.read(measure.connection, running)
            for _ in range(load.count):
                await measure.alone("ring4", value)
            found[-1] |= (await parts.read(measure.connection, running)).since(before, load.count)
        return found


def beside(choreography: str, count: int, *, over: bool) -> Curving:
    """What a saga costs while up to so many sessions of a choreography lie in the log, over or open, and how long a
    sidecar that is killed takes to be ready again."""

    async def curve(running: Cluster, load: Load) -> Points:
        async with points.measuring(running) as measure:
            found = [await measure("ring4", "x", 0, load) | {"ready s": await measure.killed("s0")}]
            filling = Filling(measure.connection, _schemas(running))
            await measure.run(choreography, PATTERN, wait=over)
            await filling.begin(choreography, PATTERN)
            for size in (count // 100, count // 10, count):
                await filling.up_to(size)
                found.append(await measure("ring4", "x", size, load) | {"ready s": await measure.killed("s0")})
            return found

    return curve


async def open_sessions(running: Cluster, load: Load) -> Points:
    """Sessions that wait for a worker that stands still: the sidecar has to load all of them when it starts again."""
    async with points.measuring(running) as measure:
        filling = Filling(measure.connection, _schemas(running))
        found: Points = [{"size": 0, "ready s": await measure.killed(HELD)}]
        worker = running.pid(f"{HELD}-worker")
        os.kill(worker, signal.SIGSTOP)
        try:
            await measure.run("ring4", PATTERN, wait=False)
            await filling.begin("ring4", PATTERN)
            for size in OPEN:
                await filling.up_to(size)
                found.append({"size": size, "ready s": await measure.killed(HELD)})
        finally:
            os.kill(worker, signal.SIGCONT)
        began = time.perf_counter()
        await filling.over()
        found[-1]["all settled after s"] = time.perf_counter() - began
        return found


def _schemas(running: Cluster) -> list[str]:
    services = running.config.services.values()
    return [one.schema for one in services] + [f"{one.name}_worker" for one in services]


async def replicated(running: Cluster, load: Load, number: int) -> Points:
    apis = [project.replica(running.run, "s0", one) for one in range(1, number + 1)]
    async with points.measuring(running, apis) as measure:
        return [await measure("ring4", "x", number, load)]


def drawn(name: str, found: Points) -> list[Curve]:
    """The panels of a curve, with its limits."""

    def line(figure: str) -> list[tuple[float, float]]:
        return [(point["size"], point[figure]) for point in found]

    def flat(value: float) -> list[tuple[float, float]]:
        return [(found[0]["size"], value), (found[-1]["size"], value)]

    first = found[0]
    ready = Curve(f"ready again by {name}", name, "s", {"after a kill": line("ready s")} if "ready s" in first else {})
    if name == "open":
        return [_limited(ready, flat(READY_S), "wanted")]
    latency = Curve(f"latency by {name}", name, "p50 ms @1", {"p50": line("p50 ms @1")})
    cpu = Curve(f"processor time by {name}", name, "CPU ms/saga", {"ours": line("CPU ms/saga")})
    if name == "roles":
        each = [(size, first["CPU ms/saga"] / first["size"] * size) for size in (first["size"], found[-1]["size"])]
        return [latency, _limited(cpu, each, "the same for each role")]
    if name == "replicas":
        rate = Curve("rate by replicas", name, "sagas/s", {"ours": line("sagas/s")})
        return [
            _limited(rate, flat(first["sagas/s"]), "of one"),
            _limited(latency, flat(first["p50 ms @1"] * 1.2), "1.2 times one's"),
        ]
    if name == "payload":
        wal = Curve("bytes of log", "payload bytes", "WAL KiB", {"ours": line("WAL KiB")}, logarithmic=True)
        copies = [(point["size"], 2 * point["plain WAL KiB"]) for point in found]
        spent = [(point["size"], 2 * point["plain CPU ms"]) for point in found]
        scaled = Curve(cpu.title, "payload bytes", cpu.up, cpu.points, logarithmic=True)
        return [_limited(wal, copies, "twice plain inserts"), _limited(scaled, spent, "twice plain inserts")]
    return [_limited(latency, flat(first["p50 ms @1"]), "as with none"), cpu, _limited(ready, flat(READY_S), "wanted")]


def _limited(curve: Curve, limit: list[tuple[float, float]], says: str) -> Curve:
    return Curve(curve.title, curve.across, curve.up, curve.points, limit, says, curve.logarithmic)


def measured(name: str, asked: argparse.Namespace) -> Points:
    load = Load(asked.count, asked.inflight, asked.seconds)
    place: Path = asked.directory / f"{name}-{int(time.time())}"
    if name == "replicas":
        found: Points = []
        for number in REPLICAS:
            with deployment(place / str(number), number) as running:
                found += asyncio.run(replicated(running, load, number))
        return found
    curves: dict[str, Curving] = {
        "roles": roles,
        "payload": payload,
        "ended": beside("ring4", asked.ended, over=True),
        "waiting": beside("waits", asked.waiting, over=False),
        "open": open_sessions,
    }
    with deployment(place) as running:
        return asyncio.run(curves[name](running, load))


NAMES = ("roles", "replicas", "payload", "ended", "waiting", "open")


def main() -> int:
    described = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m ops.bench.scaling", description=described)
    parser.add_argument("curves", nargs="*", choices=[*NAMES, []], metavar="CURVE", help=", ".join(NAMES))
    parser.add_argument("--count", type=int, default=30, help="sagas one at a time at each point")
    parser.add_argument("--inflight", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0, help="time with many in flight at each point")
    parser.add_argument("--ended", type=int, default=100_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "scale")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {}
    for name in asked.curves or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        told[name] = measured(name, asked)
        (asked.directory / f"{name}.json").write_text(json.dumps(told[name], indent=1))
        for point in told[name] if not asked.json else ():
            print(f"{name:<9} " + "  ".join(f"{figure} {value:.2f}" for figure, value in point.items()), flush=True)
        print(plots.curves(drawn(name, told[name]), asked.directory / name), file=sys.stderr)
    if asked.json:
        print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
