"""The demo: one order settles, one is undone, although processes are killed, paused and broken meanwhile.

    python -m ops.demo [--json] [--directory DIR]

It starts the deployment (`ops.local`), plays the scenes of `ops.scenes`, `ops.resilience` and `ops.upgrade` against the
running processes, and stops it. The claims of a scene are checked in the workers' own ledgers (`ops.stage`).
Processes are killed with SIGKILL, by pid, or at a named point that a file arms (`accompanist.crashpoints`). The exit
code is 0 only if every scene ended as it must, 1 if one did not, 3 if the deployment did not come up.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from accompanist.errors import AccompanistError
from accompanist.postgres_server import PostgresAbsent
from ops import night, resilience, scenes, upgrade
from ops.local import ROOT, NotStarted, cluster
from ops.stage import Stage

PROCFILE = ROOT / "ops" / "Procfile.demo"
SOON = json.dumps({"refund": {"attempts_max": 3, "first_ms": 10, "cap_ms": 20}})
"""Payment asks for a person after three refunds that failed, not after half an hour of them."""

SCENES: tuple[tuple[str, scenes.Scene], ...] = (
    ("an order", scenes.settles),
    ("an order whose card is declined", scenes.declined),
    ("payment's sidecar is killed: charged, not yet in its log", scenes.killed("payment.sidecar.reply_received")),
    ("payment's worker is killed in the middle of the charge", scenes.killed("payment.worker.before_commit")),
    ("Postgres is killed under 20 orders, 5 of them unpayable", scenes.database_killed),
    ("the same order, sent twice with one key", scenes.twice),
    ("one of payment's two sidecars is killed and stays dead", resilience.replica_killed),
    ("one of payment's two sidecars sleeps past its lease", resilience.replica_paused),
    ("a refund fails until a person has mended the table", resilience.refund_fails),
    ("orders wait for an approval while every process dies", night.approval_overnight),
    ("the choreography is edited and rolled out under open orders", upgrade.rolling_upgrade),
)


@dataclass(frozen=True)
class Told:
    """A scene as it is printed: what was done, how it ended, what the ledgers say, and whether that is right."""

    scene: str
    ended: str
    ledgers: str
    right: bool
    seconds: float


@contextmanager
def deployment(directory: Path) -> Iterator[Stage]:
    """What the scenes are played on; what its processes print goes to demo.log in the directory."""
    crash = directory / "crash"
    crash.mkdir(parents=True, exist_ok=True)
    environ = {
        "ACCOMPANIST_TESTING": "1",
        "ACCOMPANIST_CRASH_DIR": str(crash),
        "ACCOMPANIST_SERVICE_PAYMENT_RETRY": SOON,
    }
    config = upgrade.Project(directory / "project").config
    log = directory / "demo.log"
    with cluster(directory, environ, procfile=PROCFILE, config_file=config, log_file=log) as running:
        yield Stage(running, crash)


def play(stage: Stage, tell: Callable[[Told], None], played: Sequence[tuple[str, scenes.Scene]] = SCENES) -> list[Told]:
    """The scenes in turn; `tell` hears of each as it ends."""
    told = []
    for number, (name, scene) in enumerate(played, 1):
        began = time.monotonic()
        try:
            ended, done, right = scene(stage)
        except (AccompanistError, TimeoutError, ProcessLookupError) as problem:
            ended, done, right = str(problem), Counter(), False
        counts = " ".join(f"{operation} {count}" for operation, count in sorted(done.items()))
        told.append(Told(f"{number:2}  {name}", ended, counts, right, time.monotonic() - began))
        tell(told[-1])
    return told


def _line(told: Told) -> str:
    mark = "ok " if told.right else "NO "
    return f"{mark} {told.scene:<62} {told.seconds:5.1f} s\n        {told.ended}\n        ledgers: {told.ledgers}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.demo", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--directory", type=Path, default=ROOT / "var")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()

    def tell(told: Told) -> None:
        if not asked.json:
            print(_line(told), flush=True)

    if not asked.json:
        print("Bringing up Postgres, four sidecars and three workers ...", flush=True)
    began = time.monotonic()
    try:
        with deployment(asked.directory) as stage:
            told = play(stage, tell)
    except (NotStarted, PostgresAbsent) as problem:
        print(f"not started: {problem}", file=sys.stderr)
        return 3
    if asked.json:
        print(json.dumps([asdict(one) for one in told]))
    else:
        right = sum(one.right for one in told)
        print(f"\n{right} of {len(told)} scenes ended as they must, {time.monotonic() - began:.0f} s in all.")
    return 0 if all(one.right for one in told) else 1


if __name__ == "__main__":
    sys.exit(main())
