"""SIGKILL at every named crash point of sidecar and worker, for orders that settle and orders that are undone. The
workers' ledgers judge.

In each round a point is armed at every service that reaches it, so several processes may crash in one round. A point
that was not reached fails the round, because a kill that did not happen tests nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accompanist import crashpoints
from accompanist.errors import AccompanistError
from ops.stage import ALL_DONE, UNDONE, Stage

pytestmark = pytest.mark.postgres

WAIT_S = 60.0
SERVICES = ("warehouse", "payment", "loyalty")

# customer and product of an order that settles, one that is declined early, one whose shipping is declined at the end
ORDERS = {
    "settled": ("customer-gold", "espresso_machine"),
    "unpaid": ("customer-poor", "grinder"),
    "unshipped": ("customer-silver", "gas_cooker"),
}

REACHED: dict[str, tuple[str, ...]] = {
    "sidecar.start_committed": ("warehouse",),
    "worker.undo_before_commit": SERVICES,
    "worker.undo_after_commit": SERVICES,
}


def persistently(ask: Callable[[], Any], good: Callable[[Any], bool] = lambda answer: True) -> Any:
    """Ask until there is a good answer; a sidecar that is down is asked again."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            answer = ask()
            if good(answer) or time.monotonic() > until:
                return answer
        except AccompanistError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


def play(stage: Stage) -> dict[str, dict[str, Any]]:
    """One order of each kind at once, each with a key so that a start whose answer was lost can be repeated."""
    keys = {kind: str(uuid4()) for kind in ORDERS}
    started = {
        kind: persistently(lambda order=order, kind=kind: stage.start(*order, key=keys[kind]))  # type: ignore[misc]
        for kind, order in ORDERS.items()
    }
    return {
        kind: persistently(
            lambda session=answer["session"]: stage.result(session),  # type: ignore[misc]
            lambda ended: ended["outcome"] is not None,
        )
        for kind, answer in started.items()
    }


def judge(stage: Stage, ended: dict[str, dict[str, Any]]) -> None:
    """The oracle is outside: what the operations themselves wrote into the services' schemas."""
    assert ended["settled"]["outcome"] == "settled", ended["settled"]
    assert stage.ledger(ended["settled"]["session"]) == ALL_DONE
    for kind in ("unpaid", "unshipped"):
        assert ended[kind]["outcome"] == "ended", ended[kind]
        done = stage.ledger(ended[kind]["session"])
        assert done["ship"] == 0
        for forward, back in UNDONE.items():
            assert done[forward] == done[back], (kind, done)
    unshipped = stage.ledger(ended["unshipped"]["session"])
    assert (unshipped["reserve"], unshipped["charge"], unshipped["award"]) == (1, 1, 1)


@pytest.mark.parametrize("point", sorted(crashpoints.POINTS))
def test_a_kill_changes_nothing(stage: Stage, point: str) -> None:
    armed: list[Path] = [stage.arm(f"{service}.{point}") for service in REACHED.get(point, SERVICES)]
    ended = play(stage)
    left = [file.name for file in armed if file.exists()]
    for file in armed:
        file.unlink(missing_ok=True)
    judge(stage, ended)
    assert not left, f"never reached: {left}"


def test_nothing_is_left_open(stage: Stage) -> None:
    """After all rounds every session of every service is over, once the others' last notices have come."""
    for service in SERVICES:
        open_sessions = persistently(
            lambda service=service: stage.running.ask(service, "session.list", {"limit": 1000})["sessions"],  # type: ignore[misc]
            lambda rows: all(row["phase"] in ("settled", "ended") for row in rows),
        )
        assert [row for row in open_sessions if row["phase"] not in ("settled", "ended")] == []
