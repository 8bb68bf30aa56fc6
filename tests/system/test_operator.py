"""A compensation fails until a person decides: its session waits, is shown, and holds up no other."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from ops.local import cluster
from ops.stage import ALL_DONE, Stage
from tests.system.test_crash_points import persistently

pytestmark = pytest.mark.postgres

IMPATIENT = json.dumps({"default": {"attempts_max": 3, "first_ms": 10, "cap_ms": 20}})


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A deployment whose payment gives up soon."""
    directory = tmp_path_factory.mktemp("operator")
    environ = {"ACCOMPANIST_SERVICE_PAYMENT_RETRY": IMPATIENT}
    with cluster(directory, environ, log_file=directory / "processes.log") as running:
        yield Stage(running, directory)


def execute(stage: Stage, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(stage.running.admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def parked(stage: Stage, session: str) -> dict[str, Any]:
    """Payment's row of the session, once it waits for an operator."""

    def row() -> dict[str, Any]:
        found = stage.running.ask("payment", "session.list", {"parked": True, "limit": 100})["sessions"]
        return next((one for one in found if one["session"] == session), {})

    told: dict[str, Any] = persistently(row, bool)
    return told


@pytest.mark.parametrize(("verb", "refunds"), [("retry", 1), ("skip", 0), ("resolve", 0)])
def test_a_compensation_that_fails_waits_for_a_person(impatient: Stage, verb: str, refunds: int) -> None:
    execute(impatient, "ALTER TABLE payment_worker.payment RENAME COLUMN refunded TO hidden")
    session = impatient.start("customer-gold", "gas_cooker")["session"]  # declined at shipping, after the charge
    waiting = parked(impatient, session)
    assert (waiting["phase"], waiting["parked"]["code"]) == ("undoing", "ACC204")

    beside = impatient.result(impatient.start("customer-gold", "teapot")["session"])
    execute(impatient, "ALTER TABLE payment_worker.payment RENAME COLUMN hidden TO refunded")
    asked = {"session": session, "role": "payment", "verb": verb, "who": "operator", "why": "looked at it"}
    impatient.running.ask("payment", "session.operate", asked)

    ended = impatient.result(session)
    assert ended["outcome"] == "ended"
    assert impatient.ledger(session)["refund"] == refunds
    assert beside["outcome"] == "settled"
    assert impatient.ledger(beside["session"]) == ALL_DONE
    heard = impatient.running.ask("payment", "session.get", {"session": session})["messages"]
    orders = [message["payload"] for message in heard if message["kind"] == "operator"]
    proved = {"proved": f"uid {os.getuid()} ({pwd.getpwuid(os.getuid()).pw_name})", "claimed": "operator"}
    site = waiting["parked"]["site"]
    assert orders == [{"verb": verb, "who": proved, "why": "looked at it", "site": site, "code": "ACC204"}]
