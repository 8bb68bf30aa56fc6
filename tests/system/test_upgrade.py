"""The choreography's file is edited, and the replicas restart one by one, with orders in flight: an upgrade, and the
way back.

Payment's worker is stopped meanwhile, so that every order waits for its charge. The new program awards the points
twice, so the workers' ledgers show which program an order ran.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from accompanist.cli.api import ask
from accompanist.client.answers import Refused
from accompanist.sidecar.config import Service
from ops.local import ROOT, cluster
from ops.stage import ALL_DONE, Stage, ended, persistently, stopped, until
from ops.upgrade import Project, roll

pytestmark = pytest.mark.postgres

SERVICES = ("warehouse", "payment", "loyalty")
OLD, NEW = ALL_DONE, {**ALL_DONE, "award": 2}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("copy") / "project")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("upgrade")
    procfile = ROOT / "ops" / "Procfile.replicas"
    log = directory / "processes.log"
    with cluster(directory, procfile=procfile, config_file=project.config, log_file=log) as running:
        yield Stage(running, directory)
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


def fingerprint(stage: Stage, session: str) -> str:
    """The version that a session began with, as the log has it."""
    [row] = stage.running.ask("warehouse", "session.get", {"session": session})["rows"]
    return str(row["header"]["fingerprint"])


def orders(stage: Stage, count: int) -> list[str]:
    """Orders that have come as far as the charge."""
    sessions = [str(persistently(lambda: stage.start("customer-gold"))["session"]) for _ in range(count)]
    until(lambda: stage.ledger(*sessions)["reserve"] == count)
    return sessions


def settled(stage: Stage, sessions: list[str], done: dict[str, int]) -> None:
    for session in sessions:
        answer = persistently(lambda: stage.result(session), ended)  # noqa: B023
        assert answer["outcome"] == "settled", answer
        assert stage.ledger(session) == done, session


def test_orders_go_on_as_what_they_began_as_up_and_down_again(stage: Stage, project: Project) -> None:
    first, second = list(SERVICES), [f"{service}-2" for service in SERVICES]
    with stopped(stage.running.pid("payment-worker")):
        old = orders(stage, 6)
        project.edit(2)
        roll(stage, *second)  # the clients' replicas are still the old ones
        old += orders(stage, 4)
        roll(stage, *first)
        new = orders(stage, 6)
        assert len({fingerprint(stage, one) for one in old}) == len({fingerprint(stage, one) for one in new}) == 1
    settled(stage, old, OLD)
    settled(stage, new, NEW)

    with stopped(stage.running.pid("payment-worker")):
        new = orders(stage, 6)
        project.edit(1)
        roll(stage, *first)  # what clients reach is the old program again, beside new replicas
        old = orders(stage, 6)
        roll(stage, *second)
        old += orders(stage, 2)
    settled(stage, old, OLD)
    settled(stage, new, NEW)


def test_one_service_is_rolled_before_the_others_and_a_strange_version_waits_in_sight(
    stage: Stage, project: Project
) -> None:
    """The warehouse alone has a new program: its orders wait at payment, shown with what they wait for, and go on
    when payment has it."""
    project.edit(3)
    roll(stage, "warehouse", "warehouse-2")
    session = str(stage.start("customer-gold")["session"])
    until(lambda: stage.ledger(session)["reserve"] == 1)

    def unhosted() -> bool:
        return any(_unhosted(stage, name, session) for name in ("payment", "payment-2"))

    until(unhosted)
    roll(stage, "payment")  # from now on payment's log keeps it, for both replicas
    until(lambda: stage.ledger(session)["charge"] == 1)
    roll(stage, "loyalty-2")
    settled(stage, [session], {**ALL_DONE, "award": 3})
    assert not unhosted()


def _unhosted(stage: Stage, name: str, session: str) -> list[object]:
    replica = Service(name="payment", api=f"http+unix:{stage.running.run}/{name}-api.sock")
    try:
        found = ask(replica, "session.get", {"session": session})
    except Refused:
        return []
    return list(found.get("unhosted", ()))
