"""An upgrade with orders in flight: a choreography is edited, and its sidecars restart one by one. Used by the demo and
by a test.

The demo is deployed from a copy of the example, so that the file can be edited. The new program awards the points of
an order twice, so the workers' ledgers show which program an order ran.
"""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from ops.local import ROOT
from ops.scenes import Shown
from ops.stage import ALL_DONE, Stage, stopped, until

AWARD = "    points = loyalty.award(com(receipt, to=loyalty))\n"
BONUS = "    bonus = loyalty.award(com(receipt, to=loyalty))\n"
ORDER = "class Order:\n    customer: str\n    lines: tuple[Line, ...]\n"
WIDER = ORDER + '    note: str = ""\n'
WAVES = (("warehouse", "payment-2", "loyalty"), ("payment",))
"""The demo's sidecars, one of each service at a time."""


class Project:
    """A copy of the order saga, made anew, that is deployed from a folder of its own."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "workers", folder / "workers", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "accompanist.toml", folder)
        self.config = folder / "accompanist.toml"

    def edit(self, awards: int) -> None:
        """Deploy the program that awards so many times; 1 is the one of the example."""
        edit(self.config.parent, awards)


def edit(folder: Path, awards: int) -> None:
    text = (ROOT / "workers" / "orders" / "choreography.py").read_text()
    if AWARD not in text:
        raise ValueError("the order saga awards its points in another way now")
    (folder / "workers" / "orders" / "choreography.py").write_text(text.replace(AWARD, BONUS * (awards - 1) + AWARD))


def widen(folder: Path, wide: bool) -> None:
    """Deploy the program whose orders have a note, empty unless the client says one, or the one of the example."""
    text = (ROOT / "workers" / "orders" / "messages.py").read_text()
    if ORDER not in text:
        raise ValueError("an order has other fields now")
    (folder / "workers" / "orders" / "messages.py").write_text(text.replace(ORDER, WIDER) if wide else text)


def roll(stage: Stage, *names: str) -> None:
    """Let these sidecars, of different services, leave as in a rolling deploy, and wait until those in their places
    have their shares of the shards."""
    before = {name: stage.running.pid(name) for name in names}
    for pid in before.values():
        os.kill(pid, signal.SIGTERM)
    until(lambda: all(_pid(stage, name) not in (0, pid) for name, pid in before.items()))
    services = {name.removesuffix("-2") for name in names}
    until(lambda: all(set(stage.shards(service)) == _replicas(stage, service) for service in services))


def _replicas(stage: Stage, service: str) -> set[int]:
    """The processes of a service's sidecars, of which there are one or two."""
    return {_pid(stage, name) for name in (service, f"{service}-2")} - {0} or {-1}


def _pid(stage: Stage, name: str) -> int:
    with suppress(ProcessLookupError):
        return stage.running.pid(name)
    return 0


def rolling_upgrade(stage: Stage) -> Shown:
    """Payment's worker stands still; orders of the old program wait for their charge while every sidecar is rolled to
    the new one; new orders are started beside them. Then all the way back."""
    folder = Path(stage.running.environ["ACCOMPANIST_CONFIG"]).parent
    old: list[str] = []
    new: list[str] = []
    with stopped(stage.running.pid("payment-worker")):
        old += _orders(stage, 4)
        edit(folder, 2)
        _roll_all(stage)
        new += _orders(stage, 4)
        edit(folder, 1)
        _roll_all(stage)
        old += _orders(stage, 2)
    answers = stage.results([*old, *new])
    right = all(answer["outcome"] == "settled" for answer in answers)
    right = right and all(stage.ledger(session) == ALL_DONE for session in old)
    right = right and all(stage.ledger(session) == {**ALL_DONE, "award": 2} for session in new)
    words = f"{len(old)} settled as the old program, {len(new)} as the new one; up and back with all of them open"
    return words, stage.ledger(*old, *new), right


def _roll_all(stage: Stage) -> None:
    for wave in WAVES:
        roll(stage, *wave)


def _orders(stage: Stage, count: int) -> list[str]:
    """Orders that have come as far as the charge, which waits."""
    sessions = [stage.start("customer-gold")["session"] for _ in range(count)]
    until(lambda: stage.ledger(*sessions)["reserve"] == count)
    return sessions
