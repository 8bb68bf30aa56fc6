"""The demo: an order settles, one is undone, and nothing that is killed on the way changes that.

    python -m ops.demo [--json] [--directory DIR]

It brings the deployment up (`ops.local`), plays the scenes below against the running processes, and takes it down.
What a scene claims is read from the workers' own ledgers, which the operations write themselves in the services'
schemas: Accompanist's word is not asked for. Processes are killed with SIGKILL, by pid, at a named point that a file
arms (`accompanist.crashpoints`). The exit code is 0 only if every scene ended as it must.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from accompanist.errors import AccompanistError
from ops.local import ROOT, Cluster, cluster

WAIT_S = 30.0
SCHEMAS = {"warehouse": "warehouse_worker", "payment": "payment_worker", "loyalty": "loyalty_worker"}
ALL_DONE = {"reserve": 1, "charge": 1, "award": 1, "ship": 1}
UNDONE = {"charge": "refund", "reserve": "release", "award": "revoke"}


@dataclass(frozen=True)
class Told:
    """A scene as it is printed: what was done, how it ended, what the ledgers say, and whether that is right."""

    scene: str
    ended: str
    ledgers: str
    right: bool
    seconds: float


class Stage:
    """The running deployment, and the questions a scene asks it."""

    def __init__(self, running: Cluster, crash: Path) -> None:
        self.running = running
        self.crash = crash

    def start(self, customer: str, product: str = "kettle", **more: Any) -> dict[str, Any]:
        """Start an order at the warehouse's sidecar."""
        order = {"customer": customer, "lines": [{"product": product, "quantity": 1}]}
        asked = {"choreography": "fulfil_order", "arguments": {"order": order}, **more}
        answer: dict[str, Any] = self.running.ask("warehouse", "session.start", asked)
        return answer

    def result(self, session: str) -> dict[str, Any]:
        """How a session ended."""
        asked = {"session": session, "wait_ms": int(WAIT_S * 1000)}
        answer: dict[str, Any] = self.running.ask("warehouse", "session.result", asked, WAIT_S)
        return answer

    def arm(self, point: str) -> Path:
        """The next process to reach the point dies there."""
        file = self.crash / point
        file.touch()
        return file

    def ledger(self, *sessions: str) -> Counter[str]:
        """What the workers really did for these sessions: operation to number."""
        return asyncio.run(_ledger(self.running.admin_dsn, sessions))


async def _ledger(dsn: str, sessions: tuple[str, ...]) -> Counter[str]:
    connection = await asyncpg.connect(dsn)
    try:
        found: Counter[str] = Counter()
        for schema in SCHEMAS.values():
            query = f"SELECT operation, count(*) AS n FROM {schema}.ledger WHERE session = ANY ($1) GROUP BY 1"  # noqa: S608
            found.update({row["operation"]: row["n"] for row in await connection.fetch(query, list(sessions))})
        return found
    finally:
        await connection.close()


def settles(stage: Stage) -> tuple[str, Counter[str], bool]:
    ended = stage.result(stage.start("customer-gold")["session"])
    done = stage.ledger(ended["session"])
    return _said(ended), done, ended["outcome"] == "settled" and done == ALL_DONE


def declined(stage: Stage) -> tuple[str, Counter[str], bool]:
    ended = stage.result(stage.start("customer-poor", "grinder")["session"])
    done = stage.ledger(ended["session"])
    return _said(ended), done, ended["outcome"] == "ended" and _all_undone(done) and done["reserve"] == 1


def killed(point: str) -> Callable[[Stage], tuple[str, Counter[str], bool]]:
    """An order during which the process that reaches `point` is killed."""

    def scene(stage: Stage) -> tuple[str, Counter[str], bool]:
        armed = stage.arm(point)
        ended = stage.result(stage.start("customer-gold", "espresso_machine")["session"])
        died = not armed.exists()
        armed.unlink(missing_ok=True)
        done = stage.ledger(ended["session"])
        return _said(ended), done, died and ended["outcome"] == "settled" and done == ALL_DONE

    return scene


def database_killed(stage: Stage) -> tuple[str, Counter[str], bool]:
    """Postgres dies under twenty orders, every fourth of which cannot be paid."""
    customers = ["customer-poor" if number % 4 == 0 else f"customer{number:03d}" for number in range(20)]
    sessions = [stage.start(customer, "grinder")["session"] for customer in customers]
    if stage.running.own_postgres:
        os.kill(stage.running.pid("postgres"), signal.SIGKILL)
    ended = [_persistently(partial(stage.result, session)) for session in sessions]
    outcomes = Counter(answer["outcome"] for answer in ended)
    right = outcomes == {"settled": 15, "ended": 5}
    for answer in ended:
        done = stage.ledger(answer["session"])
        right = right and (done == ALL_DONE if answer["outcome"] == "settled" else _all_undone(done))
    said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
    return said, stage.ledger(*sessions), right


def twice(stage: Stage) -> tuple[str, Counter[str], bool]:
    key = f"order-{uuid4()}"
    first, second = stage.start("customer-silver", key=key), stage.start("customer-silver", key=key)
    ended = stage.result(first["session"])
    done = stage.ledger(ended["session"])
    one = first["session"] == second["session"] and first["new"] and not second["new"]
    return f"{_said(ended)}, one session" if one else "two sessions", done, one and done == ALL_DONE


SCENES: tuple[tuple[str, Callable[[Stage], tuple[str, Counter[str], bool]]], ...] = (
    ("1  an order", settles),
    ("2  an order whose card is declined", declined),
    ("3  payment's sidecar is killed: charged, not yet in its log", killed("payment.sidecar.reply_received")),
    ("4  payment's worker is killed in the middle of the charge", killed("payment.worker.before_commit")),
    ("5  Postgres is killed under 20 orders, 5 of them unpayable", database_killed),
    ("6  the same order, sent twice with one key", twice),
)


def _said(ended: dict[str, Any]) -> str:
    return f"{ended['outcome'] or ended['state']}" + (f": {ended['reason']}" if ended["reason"] else "")


def _all_undone(done: Counter[str]) -> bool:
    """Everything executed has its compensation, nothing was compensated that was not executed, nothing was shipped."""
    return not done["ship"] and all(done[forward] == done[back] for forward, back in UNDONE.items())


def _persistently(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Ask again while the sidecar cannot answer, within the scene's time."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            answer = ask()
            if answer["outcome"] is not None or time.monotonic() > until:
                return answer
        except AccompanistError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def play(running: Cluster, crash: Path, tell: Callable[[Told], None]) -> list[Told]:
    """All scenes in turn; `tell` hears of each as it ends."""
    stage = Stage(running, crash)
    told = []
    for name, scene in SCENES:
        began = time.monotonic()
        try:
            ended, done, right = scene(stage)
        except AccompanistError as problem:
            ended, done, right = str(problem), Counter(), False
        counts = " ".join(f"{operation} {count}" for operation, count in sorted(done.items()))
        told.append(Told(name, ended, counts, right, time.monotonic() - began))
        tell(told[-1])
    return told


def _line(told: Told) -> str:
    mark = "ok " if told.right else "NO "
    return f"{mark} {told.scene:<60} {told.seconds:5.1f} s\n       {told.ended}\n       ledgers: {told.ledgers}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.demo", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--directory", type=Path, default=ROOT / "var")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    crash = asked.directory / "crash"
    crash.mkdir(exist_ok=True)
    environ = {"ACCOMPANIST_TESTING": "1", "ACCOMPANIST_CRASH_DIR": str(crash)}

    def tell(told: Told) -> None:
        if not asked.json:
            print(_line(told), flush=True)

    if not asked.json:
        print("Bringing up Postgres, three sidecars and three workers ...", flush=True)
    began = time.monotonic()
    with cluster(asked.directory, environ, log_file=asked.directory / "demo.log") as running:
        told = play(running, crash, tell)
    if asked.json:
        print(json.dumps([asdict(one) for one in told]))
    else:
        right = sum(one.right for one in told)
        print(f"\n{right} of {len(told)} scenes ended as they must, {time.monotonic() - began:.0f} s in all.")
    return 0 if all(one.right for one in told) else 1


if __name__ == "__main__":
    sys.exit(main())
