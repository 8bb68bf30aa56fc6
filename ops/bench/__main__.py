"""The benchmark: the order saga on the whole system, as a client of the warehouse sees it, beside two floors.

    python -m ops.bench [--rounds 3] [--count 300] [--aborts 100] [--inflight 32] [--seconds 10] [--json]

Three systems do the same local transactions on one server of Postgres, each once in a round, in turn. `bare` is one
process. `bare-rpc` calls three workers in a row. Neither keeps anything but what the transactions write. `ours` is the
deployment of the Procfile, and `volatile` the same one with volatile sessions; one order is `session.start` with a
wait, over one persistent connection, from the request to the settled result. First orders are declined at the last step
and undone, one at a time; then orders are settled one at a time, then in `--inflight` closed loops for `--seconds`.

CPU is the user and system time of all processes of a system, with Postgres and its backends, without this driver, but
for `bare`, where the driver does the work. Flushes are Postgres's own count of WAL syncs. Each figure is the median of
the rounds, with the smallest and the largest; multiples are of the same round's `bare-rpc`. Machines differ and are
shared, so compare only figures of one run. What every round gave, and pictures of it, are put into `--directory`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from accompanist.cli.local.apart import in_database
from accompanist.log.databases import create_missing
from ops.bench import plots, report
from ops.bench.client import Client
from ops.bench.floors import transactions
from ops.bench.floors.systems import Bare, BareRpc, Ours, System, Volatile
from ops.bench.measuring import Plan, Server, measure
from ops.local import ROOT, Cluster, cluster

SYSTEMS = ("bare", "bare-rpc", "volatile", "ours")
FLOORS_DATABASE = "floors"
Keep = Callable[[dict[str, Any]], None]


async def opened(running: Cluster, wanted: list[str]) -> list[System]:
    """The systems by name, all up. What is not measured just now is idle."""
    dsn = in_database(running.admin_dsn, FLOORS_DATABASE)
    if set(wanted) & {"bare", "bare-rpc"}:
        await create_missing(running.admin_dsn, [FLOORS_DATABASE])
        await transactions.install(dsn)
    made: list[System] = []
    for name in wanted:
        if name == "bare":
            made.append(await Bare.open(dsn))
        elif name == "bare-rpc":
            made.append(await BareRpc.open(dsn, running.run))
        else:
            honcho = running.processes[-1].pid  # everything but the server
            kind = Volatile if name == "volatile" else Ours
            made.append(kind(Client(running.config.service("warehouse").api), [honcho]))
    return made


async def compare(running: Cluster, wanted: list[str], plan: Plan, rounds: int, keep: Keep) -> dict[str, Any]:
    """Every system once in each round, in turn. `keep` gets what was measured so far, whatever ends this process."""
    connection = await asyncpg.connect(running.admin_dsn)
    systems = await opened(running, wanted)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in wanted}
    try:
        server = Server(connection, running.pid("postgres"))
        await server.watch_idle(plan.rest)
        machine = report.machine(await connection.fetchval("SHOW server_version"))
        for number in range(rounds):
            for system in systems:
                print(f"round {number + 1} of {rounds}: {system.name:<9}", end="", file=sys.stderr, flush=True)
                figures = await measure(system, server, plan)
                found[system.name].append(figures)
                keep({"machine": machine, "plan": vars(plan), "rounds": found})
                print("  ".join(f"{name} {value:.1f}" for name, value in figures.items()), file=sys.stderr, flush=True)
    finally:
        for system in systems:
            await system.close()
        await connection.close()
    return {"machine": machine, "plan": vars(plan), "rounds": found, "summary": report.summary(found)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.bench", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    parser.add_argument("--count", type=int, default=300, help="orders one at a time")
    parser.add_argument("--aborts", type=int, default=100, help="undone orders one at a time")
    parser.add_argument("--seconds", type=float, default=10.0, help="time with many in flight")
    parser.add_argument("--inflight", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rest", type=float, default=10.5, help="seconds for Postgres to tell its flushes; 0: guessed")
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "bench")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    plan = Plan(asked.count, asked.aborts, asked.inflight, asked.seconds, asked.rest)
    log_file = asked.directory.parent / f"{asked.directory.name}.log"
    rounds = asked.directory / "rounds.json"

    def keep(found: dict[str, Any]) -> None:
        rounds.write_text(json.dumps(found, indent=1))

    with cluster(asked.directory, log_file=log_file) as running:
        found = asyncio.run(compare(running, list(dict.fromkeys(asked.systems)), plan, asked.rounds, keep))
    keep(found)
    if asked.json:
        print(json.dumps(found))
        return 0
    print(", ".join(f"{name} {value}" for name, value in found["machine"].items()))
    print("\n".join(report.table(found["rounds"], plan.inflight)))
    print(f"every round: {rounds}")
    print(plots.compared(found["summary"], asked.directory / "compared"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
