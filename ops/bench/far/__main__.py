"""What distance costs: chains of 1, 3 and 5 services, each message as late as the others, beside an orchestrator.

    python -m ops.bench.far [--lengths 1 3 5] [--delays 0 1 5 9 18 27] [--count 20] [--quick] [--json]

Each service has a log in a database of its own, so that its sidecar brings messages to the others' sidecars, each byte
so many milliseconds late (`ops.forwarding`). So is what the client says, and what the orchestrator says to the workers;
a worker is beside its sidecar. Rows, in milliseconds:

    durable       the saga as it is shipped, from request to settlement, asked in turn with the others
    volatile      the same, kept in memory only (docs/volatile.md)
    in a row      durable, the next one begun as soon as the client has its answer
    orchestrator  calls the same workers through the same fences; keeps no log
    limit         the hops that lie in a row, each that late, and the time of the workers without delay
    paper         the medians of the paper's two, whose choreography has no log and a near client

Not promised: absolute figures; how long a connection's set-up would take, for connections are kept and their set-up is
not delayed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ops.bench import plots
from ops.bench.far import project
from ops.bench.far.measuring import PAPER, Point, clients, hops_of, limit_ms, point
from ops.bench.plots import Curve
from ops.forwarding import Network, network
from ops.local import ROOT, Cluster

LENGTHS, DELAYS, COUNT = (1, 3, 5), (0, 1, 5, 9, 18, 27), 20
ROWS = ("durable", "volatile", "in a row", "orchestrator")
QUICK_LENGTHS, QUICK_DELAYS, QUICK_COUNT = (1, 3), (0, 5), 4


async def measured(running: Cluster, ways: Network, asked: argparse.Namespace) -> list[Point]:
    found = []
    async with clients(running, ways, max(asked.lengths)) as both:
        for length in asked.lengths:
            for delay_ms in asked.delays:
                print(f"{length} services, {delay_ms} ms ...", file=sys.stderr, flush=True)
                ways.delay_s = delay_ms / 1000
                found.append(await point(both, length, delay_ms, asked.count))
            ways.delay_s = 0.0
    return found


def nearest(found: Sequence[Point], length: float) -> Point:
    """The point of this length without delay."""
    return next(one for one in found if one["length"] == length and one["delay ms"] == 0)


def table(found: Sequence[Point]) -> list[str]:
    """As Markdown. A median, with the quartiles in brackets; `paper`: choreography / orchestrator."""
    rows = [
        "| services | delay | limit | durable | volatile | in a row | orchestrator | orchestrator / durable | paper |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        told = [f"{one['length']:.0f}", f"{one['delay ms']:.0f}"]
        told.append(f"{limit_ms(nearest(found, one['length']), one['delay ms']):.1f}")
        told += [f"{one[f'{name} p50']:.1f} [{one[f'{name} p25']:.1f}..{one[f'{name} p75']:.1f}]" for name in ROWS]
        told.append(f"{one['orchestrator p50'] / one['durable p50']:.2f}")
        paper = PAPER.get((int(one["length"]), int(one["delay ms"])))
        told.append(f"{paper[0]:.1f} / {paper[1]:.1f}" if paper else "")
        rows.append(f"| {' | '.join(told)} |")
    return rows


def drawn(found: Sequence[Point]) -> list[Curve]:
    """A panel for each length, with the limit as a line."""
    panels = []
    for length in dict.fromkeys(int(one["length"]) for one in found):
        mine = [one for one in found if one["length"] == length]
        lines = {name: [(one["delay ms"], one[f"{name} p50"]) for one in mine] for name in ROWS}
        for at, who in enumerate(("paper's choreography", "paper's orchestrator")):
            lines[who] = [
                (one["delay ms"], PAPER[length, int(one["delay ms"])][at])
                for one in mine
                if (length, int(one["delay ms"])) in PAPER
            ]
        limit = [(one["delay ms"], limit_ms(nearest(found, length), one["delay ms"])) for one in mine]
        says = f"{hops_of(length)} delays and the workers"
        drawing = {name: line for name, line in lines.items() if line}
        panels.append(Curve(f"{length} services", "delay, one way, ms", "p50 ms", drawing, limit, says))
    return panels


def main() -> int:
    described = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m ops.bench.far", description=described)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--delays", type=int, nargs="+", default=DELAYS, help="milliseconds, one way; 0 is added")
    parser.add_argument("--count", type=int, default=COUNT, help="sagas of each kind at each point")
    parser.add_argument("--quick", action="store_true", help="few points and sagas, to see that it works")
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "far")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.lengths, asked.delays, asked.count = QUICK_LENGTHS, QUICK_DELAYS, QUICK_COUNT
    asked.delays = sorted({0, *asked.delays})
    asked.directory.mkdir(parents=True, exist_ok=True)
    place = asked.directory / f"chains-{int(time.time())}"
    with project.deployed(place, asked.lengths) as running, network() as ways:
        found = asyncio.run(measured(running, ways, asked))
    (asked.directory / "far.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found) if asked.json else "\n".join(table(found)))
    print(plots.curves(drawn(found), asked.directory / "far"), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
