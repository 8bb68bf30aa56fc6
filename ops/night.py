"""The demo's night: two orders wait for an approval, and all processes are killed meanwhile."""

from __future__ import annotations

import os
import signal
from typing import Any

from ops.scenes import Shown, said
from ops.stage import ALL_DONE, Stage, all_undone, ended, persistently

NIGHT_S = 6.0
"""How long the second order waits for its approval, in vain."""
EVERYTHING = (
    "warehouse",
    "payment",
    "payment-2",
    "loyalty",
    "warehouse-worker",
    "payment-worker",
    "loyalty-worker",
    "postgres",
)


def approval_overnight(stage: Stage) -> Shown:
    """Every process is killed under two orders that wait; then one is approved, the other's time runs out."""
    approved, forgotten = (_waiting(stage, patience_s) for patience_s in (3600.0, NIGHT_S))
    for name in EVERYTHING if stage.running.own_postgres else EVERYTHING[:-1]:
        os.kill(stage.running.pid(name), signal.SIGKILL)
    word = {"session": approved, "role": "warehouse", "name": "approved", "value": {"by": "ann", "granted": True}}
    persistently(lambda: stage.running.ask("warehouse", "session.signal", word))
    answers = [persistently(lambda one=one: stage.result(one), ended) for one in (approved, forgotten)]  # type: ignore[misc]
    right = [answer["outcome"] for answer in answers] == ["settled", "ended"]
    right = right and stage.ledger(approved) == ALL_DONE and all_undone(stage.ledger(forgotten))
    return ", ".join(map(said, answers)), stage.ledger(approved, forgotten), right


def _waiting(stage: Stage, patience_s: float) -> str:
    """The session of an order that waits for its approval."""
    order = {"customer": "customer-silver", "lines": [{"product": "teapot", "quantity": 1}]}
    arguments = {"order": order, "patience_s": patience_s}
    asked = {"choreography": "approve_order", "arguments": arguments}
    session: str = stage.running.ask("warehouse", "session.start", asked)["session"]

    def timers() -> dict[str, Any]:
        told: dict[str, Any] = stage.running.ask("warehouse", "timer.list", {"session": session})
        return told

    persistently(timers, lambda told: bool(told["timers"]))
    return session
