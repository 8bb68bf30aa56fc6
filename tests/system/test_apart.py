"""Every service with a database of its own: real processes, messages relayed between sidecars, and SIGKILL meanwhile.
The workers' ledgers judge, each in its own database.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from ops.local import cluster
from ops.stage import ALL_DONE, Stage, ended, persistently, stopped

pytestmark = pytest.mark.postgres

SERVICES = ("warehouse", "payment", "loyalty")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("apart")
    with cluster(directory, log_file=directory / "processes.log", apart=SERVICES) as running:
        yield Stage(running, directory)
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


def orders(stage: Stage, count: int) -> list[str]:
    """Every fourth cannot be paid, every fourth is declined when it should be shipped."""
    kinds = [("customer-poor", "grinder"), ("customer-gold", "kettle"), ("customer-silver", "gas_cooker")]
    kinds.append(("customer-gold", "espresso_machine"))
    sessions = []
    for number in range(count):
        order = partial(stage.start, *kinds[number % 4], key=f"apart-{uuid4()}")
        sessions.append(persistently(order)["session"])
    return sessions


def judge(stage: Stage, sessions: list[str]) -> None:
    answers = stage.results(sessions)
    outcomes = Counter(answer["outcome"] for answer in answers)
    assert outcomes == {"settled": len(sessions) // 2, "ended": len(sessions) // 2}
    assert stage.whole_or_undone(answers)


def test_an_order_settles_across_three_databases(apart: Stage) -> None:
    answer = persistently(lambda: apart.result(apart.start("customer-gold")["session"]), ended)
    assert answer["outcome"] == "settled"
    assert apart.ledger(answer["session"]) == ALL_DONE


@pytest.mark.parametrize("victim", [*SERVICES, "payment-worker"])
def test_who_is_killed_meanwhile_loses_and_doubles_nothing(apart: Stage, victim: str) -> None:
    sessions = orders(apart, 8)
    os.kill(apart.running.pid(victim), signal.SIGKILL)
    judge(apart, sessions + orders(apart, 4))


def test_a_peer_that_stands_still_is_waited_for(apart: Stage) -> None:
    with stopped(apart.running.pid("loyalty")):
        sessions = orders(apart, 8)
        assert not [answer for answer in standing(apart, sessions) if answer["outcome"] == "settled"]
    judge(apart, sessions)


def standing(stage: Stage, sessions: list[str]) -> list[dict[str, str]]:
    """How they stand, without waiting."""
    return [stage.running.ask("warehouse", "session.result", {"session": one, "wait_ms": 0}) for one in sessions]


def test_the_databases_themselves_die(apart: Stage) -> None:
    if not apart.running.own_postgres:
        pytest.skip("the server is not ours to kill")
    sessions = orders(apart, 8)
    os.kill(apart.running.pid("postgres"), signal.SIGKILL)
    judge(apart, sessions)


def test_nothing_is_left_open(apart: Stage) -> None:
    for service in SERVICES:
        rows = persistently(
            partial(apart.running.ask, service, "session.list", {"limit": 1000}),
            lambda said: all(row["outcome"] for row in said["sessions"]),
        )
        assert [row for row in rows["sessions"] if not row["outcome"]] == []
