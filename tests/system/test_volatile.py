"""Volatile sessions with real processes, in one database (over links) and with one for each service (over calls). The
workers' ledgers judge.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from functools import partial

import pytest

from accompanist import limits
from accompanist.runtime.loss import LOST
from ops.local import cluster
from ops.stage import ALL_DONE, Stage, all_undone, ended, persistently, stopped, until

pytestmark = pytest.mark.postgres

SERVICES = ("warehouse", "payment", "loyalty")


@pytest.fixture(scope="module", params=["together", "apart"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp(request.param)
    apart = SERVICES if request.param == "apart" else ()
    with cluster(directory, log_file=directory / "processes.log", apart=apart) as running:
        yield Stage(running, directory)
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


def order(stage: Stage, product: str = "kettle", wait_ms: int = 30_000) -> dict[str, object]:
    """A volatile order, begun as soon as everybody is reached."""
    start = partial(stage.start, "customer-gold", product, volatile=True, wait_ms=wait_ms)
    return persistently(start, ended if wait_ms else lambda answer: True)


def phases(stage: Stage, service: str, session: str) -> list[str]:
    """How a session stands at a service."""
    rows = stage.running.ask(service, "session.list", {"limit": 1000})["sessions"]
    return [row["phase"] for row in rows if row["session"] == session]


def test_an_order_settles(stage: Stage) -> None:
    answer = order(stage)
    assert (answer["outcome"], answer["volatile"]) == ("settled", True)
    assert stage.ledger(str(answer["session"])) == ALL_DONE


def test_a_declined_order_is_undone(stage: Stage) -> None:
    answer = order(stage, "gas_cooker")
    assert answer["outcome"] == "ended"
    done = stage.ledger(str(answer["session"]))
    assert done["charge"] == 1 and all_undone(done)


def test_its_log_has_nothing_of_it(stage: Stage) -> None:
    session = str(order(stage)["session"])
    for service in SERVICES:
        rows = stage.running.ask(service, "session.list", {"limit": 1000})["sessions"]
        assert session not in [row["session"] for row in rows]


def test_a_killed_participant_ends_its_sessions_and_nothing_else(stage: Stage) -> None:
    with stopped(stage.running.pid("loyalty-worker")):
        durable = stage.start("customer-silver")["session"]
        session = str(order(stage, wait_ms=0)["session"])
        until(lambda: stage.ledger(session)["charge"] == 1)
        shown = stage.running.ask("warehouse", "session.get", {"session": session})
        assert shown["volatile"] and [row["role"] for row in shown["rows"]] == ["warehouse"]
        began = time.monotonic()
        os.kill(stage.running.pid("payment"), signal.SIGKILL)
        answer = stage.result(session)
        took = time.monotonic() - began
    assert answer["outcome"] == answer["state"] == "lost"
    assert LOST in answer["reason"] and "payment" in answer["reason"]
    assert took < (limits.volatile_ping_ms + 2 * limits.volatile_away_ms) / 1000 + 5.0  # a busy machine's share
    until(lambda: stage.ledger(session)["release"] == 1)
    assert persistently(lambda: stage.result(durable), ended)["outcome"] == "settled"
    assert stage.ledger(durable) == ALL_DONE
    assert order(stage)["outcome"] == "settled"


def test_a_killed_worker_forgets_what_it_did(stage: Stage) -> None:
    with stopped(stage.running.pid("loyalty-worker")):
        session = str(order(stage, "gas_cooker", wait_ms=0)["session"])
        until(lambda: stage.ledger(session)["charge"] == 1)
        os.kill(stage.running.pid("payment-worker"), signal.SIGKILL)
    answer = stage.result(session)
    assert answer["outcome"] == "lost" and LOST in answer["reason"]
    until(lambda: stage.ledger(session)["release"] == stage.ledger(session)["revoke"] == 1)
    assert stage.ledger(session)["refund"] == 0  # the process that is there now knows nothing of the charge
    assert persistently(partial(order, stage))["outcome"] == "settled"


def test_a_killed_initiator_leaves_what_was_voted_for(stage: Stage) -> None:
    with stopped(stage.running.pid("loyalty-worker")):
        session = str(order(stage, wait_ms=0)["session"])
        until(lambda: stage.ledger(session)["charge"] == 1)
        os.kill(stage.running.pid("warehouse"), signal.SIGKILL)
        until(lambda: phases(stage, "loyalty", session) == ["closing"])  # it has noticed, and waits for its worker
        assert phases(stage, "payment", session) == ["done"]
    assert order(stage)["outcome"] == "settled"
    until(lambda: stage.ledger(session)["award"] == stage.ledger(session)["revoke"])
    assert stage.ledger(session)["refund"] == 0  # it had voted, so a client may have been told that it is settled
