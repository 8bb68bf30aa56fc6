"""A sidecar is identified by its login: any other login is refused at the start, before the sidecar could tell a client
that its saga has begun, and store nothing.
"""

from __future__ import annotations

import pytest

from accompanist.errors import OperatorError
from accompanist.log import names
from accompanist.log.postgres import PostgresLog
from tests.postgres import SERVICES, Database


@pytest.mark.parametrize(
    "login", [None, "payment_sidecar", "warehouse_worker"], ids=["administrator", "peer", "worker"]
)
async def test_another_login_than_the_sidecars_is_refused_at_the_start(database: Database, login: str | None) -> None:
    with pytest.raises(OperatorError) as refused:
        await PostgresLog.open(database.dsn(login), "warehouse", SERVICES)
    assert refused.value.code == "ACC411"
    assert names.sidecar_role("warehouse") in refused.value.text, "what the login must be"
    assert "accompanist migrate --bootstrap" in refused.value.hint, "the command that makes it"
    assert "ACCOMPANIST_SERVICE_WAREHOUSE_DATABASE" in refused.value.hint, "where to say it"


async def test_a_pooler_that_logs_in_as_another_is_refused_at_the_start(database: Database) -> None:
    """Its address may name another login than the database's own."""
    direct, pooled = database.sidecar_dsn("warehouse"), database.sidecar_dsn("payment")
    with pytest.raises(OperatorError) as refused:
        await PostgresLog.open(direct, "warehouse", SERVICES, pooler=pooled)
    assert refused.value.code == "ACC411"


async def test_a_log_that_is_not_there_is_said_first(blank_database: Database) -> None:
    """An administrator who has not migrated yet is told so, not that he is not the sidecar."""
    with pytest.raises(OperatorError) as refused:
        await PostgresLog.open(blank_database.dsn(), "warehouse", SERVICES)
    assert refused.value.code == "ACC403"
