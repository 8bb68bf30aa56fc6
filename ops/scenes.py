"""The demo's scenes of one order: it settles, or is undone, although processes are killed meanwhile.

A scene is a function of the stage. It returns how it ended, what the ledgers have, and whether that is right.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from ops.stage import ALL_DONE, Stage, all_undone

Shown = tuple[str, Counter[str], bool]
Scene = Callable[[Stage], Shown]


def settles(stage: Stage) -> Shown:
    answer = stage.result(stage.start("customer-gold")["session"])
    done = stage.ledger(answer["session"])
    return said(answer), done, answer["outcome"] == "settled" and done == ALL_DONE


def declined(stage: Stage) -> Shown:
    answer = stage.result(stage.start("customer-poor", "grinder")["session"])
    done = stage.ledger(answer["session"])
    return said(answer), done, answer["outcome"] == "ended" and all_undone(done) and done["reserve"] == 1


def killed(point: str) -> Scene:
    """An order during which the process that reaches `point` is killed, with SIGKILL, from inside."""

    def scene(stage: Stage) -> Shown:
        armed = stage.arm(point)
        answer = stage.result(stage.start("customer-gold", "espresso_machine")["session"])
        died = not armed.exists()
        armed.unlink(missing_ok=True)
        done = stage.ledger(answer["session"])
        return said(answer), done, died and answer["outcome"] == "settled" and done == ALL_DONE

    return scene


def database_killed(stage: Stage) -> Shown:
    """Postgres dies under twenty orders, every fourth of which cannot be paid."""
    sessions = orders(stage, 20)
    if stage.running.own_postgres:
        os.kill(stage.running.pid("postgres"), signal.SIGKILL)
    return judged(stage, sessions)


def twice(stage: Stage) -> Shown:
    key = f"order-{uuid4()}"
    first, second = stage.start("customer-silver", key=key), stage.start("customer-silver", key=key)
    answer = stage.result(first["session"])
    done = stage.ledger(answer["session"])
    one = first["session"] == second["session"] and first["new"] and not second["new"]
    return f"{said(answer)}, one session" if one else "two sessions", done, one and done == ALL_DONE


def orders(stage: Stage, count: int) -> list[str]:
    """So many orders; the first of every four cannot be paid. Their sessions."""
    customers = ["customer-poor" if number % 4 == 0 else f"customer{number:03d}" for number in range(count)]
    return [stage.start(customer, "grinder")["session"] for customer in customers]


def judged(stage: Stage, sessions: list[str], and_: str = "") -> Shown:
    """How `orders` ended, and whether a quarter of them is undone and the rest is done."""
    answers = stage.results(sessions)
    outcomes = Counter(answer["outcome"] for answer in answers)
    right = outcomes == {"settled": len(sessions) * 3 // 4, "ended": len(sessions) // 4}
    words = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items(), key=str))
    return words + and_, stage.ledger(*sessions), right and stage.whole_or_undone(answers)


def said(answer: dict[str, Any]) -> str:
    return f"{answer['outcome'] or answer['state']}" + (f": {answer['reason']}" if answer["reason"] else "")
