"""The demo's scenes of a service with two sidecars, of a process that is paused, and of a session that needs a person.

Payment has two sidecars here (`ops/Procfile.demo`). A keeper restarts each sidecar that ends. If one has to stay down,
its keeper is stopped meanwhile, or it would be back before the other had to take over.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from ops.scenes import Shown, judged, orders, said
from ops.stage import Stage, all_undone, keeper, persistently, stopped, until

SECOND = "payment-2"


def replica_killed(stage: Stage) -> Shown:
    """One of payment's two sidecars is killed under twelve orders and does not come back; the other takes over."""
    victim, other = stage.running.pid(SECOND), stage.running.pid("payment")
    until(lambda: stage.shards("payment") == {victim: 32, other: 32})
    with stopped(keeper(victim)):
        sessions = orders(stage, 12)
        os.kill(victim, signal.SIGKILL)
        took = until(lambda: stage.shards("payment") == {other: 64})
        shown = judged(stage, sessions, f"; the other one had all of it after {took:.1f} s")
    until(lambda: sorted(stage.shards("payment").values()) == [32, 32])
    return shown


def replica_paused(stage: Stage) -> Shown:
    """One of payment's two sidecars stands still past its lease, with orders in its hands, and then goes on."""
    sleeper, other = stage.running.pid(SECOND), stage.running.pid("payment")
    until(lambda: stage.shards("payment") == {sleeper: 32, other: 32})
    sessions = orders(stage, 12)
    with stopped(sleeper):
        until(lambda: stage.shards("payment") == {other: 64})
        before = judged(stage, sessions)
    until(lambda: stage.shards("payment") == {sleeper: 32, other: 32})
    ended, after, right = judged(stage, sessions, "; awake again it changed nothing")
    return ended, after, right and before[2] and before[1] == after


def refund_fails(stage: Stage) -> Shown:
    """A refund fails again and again, until a person mends the table and says: try it once more."""
    stage.query("ALTER TABLE payment_worker.payment RENAME COLUMN refunded TO hidden")
    try:
        session = stage.start("customer-gold", "gas_cooker")["session"]  # declined at the very end, when it is shipped
        waiting = persistently(lambda: _parked(stage, session), bool)
    finally:
        stage.query("ALTER TABLE payment_worker.payment RENAME COLUMN hidden TO refunded")
    asked = {"session": session, "role": "payment", "verb": "retry", "who": "demo", "why": "the table is mended"}
    stage.running.ask("payment", "session.operate", asked)
    answer = stage.result(session)
    done = stage.ledger(session)
    code = waiting["parked"]["code"] if waiting else "not parked"
    right = code == "ACC204" and answer["outcome"] == "ended" and all_undone(done) and done["refund"] == 1
    return f"parked with {code}, then {said(answer)}", done, right


def _parked(stage: Stage, session: str) -> dict[str, Any]:
    """Payment's row of the session once it waits for an operator; until then nothing."""
    rows = stage.running.ask("payment", "session.list", {"parked": True, "limit": 100})["sessions"]
    return next((row for row in rows if row["session"] == session), {})
