"""Two sidecars for each service, as real processes: they share the shards; one that crashes or is paused is replaced
within the lease; one that wakes up again does no harm.

The workers' ledgers judge. The measured times are properties of the tests: `pytest tests/system/test_replicas.py
--junitxml=FILE`. While a sidecar has to stay down, its keeper is stopped; otherwise it would be back before the other
had to take over.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accompanist import limits
from ops.local import ROOT, cluster
from ops.stage import ALL_DONE, UNDONE, Stage, keeper, stopped, until
from tests.system.test_crash_points import persistently

pytestmark = pytest.mark.postgres

SERVICES = ("warehouse", "payment", "loyalty")
LEASE_S = limits.lease_ms / 1000


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("replicas")
    procfile = ROOT / "ops" / "Procfile.replicas"
    with cluster(directory, procfile=procfile, log_file=directory / "processes.log") as running:
        stage = Stage(running, Path(directory))
        for service in SERVICES:
            until(lambda service=service: sorted(stage.shards(service).values()) == [32, 32])  # type: ignore[misc]
        yield stage
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


def order(stage: Stage, number: int) -> str:
    """Every fourth cannot be paid."""
    customer = "customer-poor" if number % 4 == 0 else f"customer{number:03d}"
    session: str = persistently(lambda: stage.start(customer, "grinder", key=f"replica-{time.time_ns()}"))["session"]
    return session


def judge(stage: Stage, sessions: list[str]) -> None:
    outcomes: Counter[str] = Counter()
    for session in sessions:
        ended = persistently(
            lambda session=session: stage.result(session), lambda answer: answer["outcome"] is not None
        )  # type: ignore[misc]
        outcomes[ended["outcome"]] += 1
        done = stage.ledger(session)
        if ended["outcome"] == "settled":
            assert done == ALL_DONE, session
        else:
            assert not done["ship"] and all(done[forward] == done[back] for forward, back in UNDONE.items()), session
    assert outcomes == {"settled": len(sessions) * 3 // 4, "ended": len(sessions) // 4}


@pytest.mark.parametrize("service", ["payment", "warehouse"])
def test_who_is_killed_is_replaced_within_the_lease(
    stage: Stage, service: str, record_property: Callable[[str, object], None]
) -> None:
    victim, other = stage.running.pid(f"{service}-2"), stage.running.pid(service)
    with stopped(keeper(victim)):
        sessions = [order(stage, number) for number in range(20)]
        os.kill(victim, signal.SIGKILL)
        took = until(lambda: stage.shards(service) == {other: 64})
        sessions += [order(stage, number) for number in range(8)]
        judge(stage, sessions)
    record_property("take_over_s", took)
    assert took < LEASE_S + 2 * limits.lease_renew_ms / 1000 + 2
    until(lambda: sorted(stage.shards(service).values()) == [32, 32])


@pytest.mark.parametrize("service", ["payment", "warehouse"])
def test_who_sleeps_past_its_lease_is_replaced_and_harms_nothing_when_it_wakes(
    stage: Stage, service: str, record_property: Callable[[str, object], None]
) -> None:
    sleeper, other = stage.running.pid(f"{service}-2"), stage.running.pid(service)
    sessions = [order(stage, number) for number in range(20)]
    with stopped(sleeper):
        took = until(lambda: stage.shards(service) == {other: 64})
        sessions += [order(stage, number) for number in range(20)]
        judge(stage, sessions[20:])
    record_property("take_over_s", took)
    sessions += [order(stage, number) for number in range(20)]
    judge(stage, sessions)
    until(lambda: stage.shards(service) == {sleeper: 32, other: 32})
    judge(stage, sessions)


def test_who_leaves_is_replaced_at_once(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    """Within a renewal, not within a lease."""
    victim, other = stage.running.pid("loyalty-2"), stage.running.pid("loyalty")
    with stopped(keeper(victim)):
        sessions = [order(stage, number) for number in range(8)]
        os.kill(victim, signal.SIGTERM)
        until(lambda: victim not in stage.shards("loyalty"))
        took = until(lambda: stage.shards("loyalty") == {other: 64})
        judge(stage, sessions)
    assert took < LEASE_S / 2
    record_property("hand_over_s", took)
    until(lambda: sorted(stage.shards("loyalty").values()) == [32, 32])


def test_either_replica_takes_starts_and_gives_answers(stage: Stage) -> None:
    """Whoever owns the session's shard runs it; whoever was asked answers."""
    from accompanist.cli.api import ask
    from accompanist.sidecar.config import Service

    second = Service(name="warehouse", api=f"http+unix:{stage.running.run}/warehouse-2-api.sock")
    sessions = []
    for number in range(12):
        wanted = {"customer": f"customer{number:03d}", "lines": [{"product": "kettle", "quantity": 1}]}
        asked = {"choreography": "fulfil_order", "arguments": {"order": wanted}, "wait_ms": 20_000}
        answer = ask(second, "session.start", asked, 30.0)
        assert answer["outcome"] == "settled"
        sessions.append(answer["session"])
    assert stage.ledger(*sessions) == {name: 12 * count for name, count in ALL_DONE.items()}
