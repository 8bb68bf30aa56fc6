"""The order saga with payment's worker in Node: no SDK, HTTP over a unix socket, the fence in SQL. Orders settle and
are undone, also while the Node process is killed."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ops.local import ROOT, cluster
from ops.stage import Stage
from tests.conformance.test_languages import node
from tests.system.test_crash_points import judge, play

pytestmark = pytest.mark.postgres

ROUNDS = 4


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    node()  # skips where there is none
    directory = tmp_path_factory.mktemp("languages")
    procfile = ROOT / "ops" / "Procfile.languages"
    # what the configuration says, but for the transport
    environ = {"ACCOMPANIST_SERVICE_PAYMENT_WORKER_PAYMENT": "http+unix:/run/payment.sock"}
    with cluster(directory, environ, procfile=procfile, log_file=directory / "processes.log") as running:
        yield Stage(running, Path(directory))
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


def test_payment_is_played_by_node(stage: Stage) -> None:
    assert stage.running.config.service("payment").workers["Payment"].startswith("http+unix:")
    command = Path(f"/proc/{stage.running.pid('payment-worker')}/cmdline").read_bytes()
    assert b"node" in command and b"payment.mjs" in command
    judge(stage, play(stage))


def test_a_node_process_may_be_killed(stage: Stage) -> None:
    """Once a round, at another moment of it each time."""
    killed: list[int] = []

    def kill() -> None:
        with suppress(ProcessLookupError):
            pid = stage.running.pid("payment-worker")
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    for number in range(ROUNDS):
        timer = threading.Timer(0.06 * number, kill)
        timer.start()
        judge(stage, play(stage))
        timer.join()
    assert len(set(killed)) == ROUNDS
