"""`accompanist doctor`: what it prints, and the exit code that a monitor reads."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from accompanist.cli.app import app
from tests.postgres import SERVICES, Database


@pytest.fixture
def config(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [name for name in os.environ if name.startswith("ACCOMPANIST_SERVICE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    lines = [f'[service.{name}]\nschema = "{schema}"\n' for name, schema in SERVICES.items()]
    file = tmp_path / "accompanist.toml"
    file.write_text("".join(lines))
    for name in SERVICES:
        monkeypatch.setenv(f"ACCOMPANIST_SERVICE_{name.upper()}_DATABASE", database.sidecar_dsn(name))
    return file


def doctor(config: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["doctor", "--config", str(config), *options])
    return done.exit_code, done.output


def found(output: str) -> list[tuple[str, str]]:
    said: dict[str, Any] = json.loads(output)
    return [(finding["service"], finding["code"]) for finding in said["findings"]]


def execute(database: Database, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(database.dsn())
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def test_logs_that_nobody_runs_are_warned_of(config: Path) -> None:
    code, output = doctor(config, "--json")
    assert (code, found(output)) == (1, [(name, "ACC428") for name in sorted(SERVICES)])
    assert len(json.loads(output)["vitals"]) == 3


@pytest.mark.parametrize(
    ("health", "findings"),
    [
        ({"notifying": True, "wakeups_missed": False}, []),
        ({}, []),
        ({"notifying": False, "wakeups_missed": False}, ["ACC450"]),
        ({"notifying": True, "wakeups_missed": True}, ["ACC450"]),
        ({"connections_refused": True}, ["ACC451"]),
        ({"connections_refused": False}, []),
        ({"failing": {"inbox": "ValueError"}}, ["ACC446"]),
    ],
)
def test_what_only_the_process_knows_is_found(
    config: Path, monkeypatch: pytest.MonkeyPatch, health: dict[str, Any], findings: list[str]
) -> None:
    monkeypatch.setattr("accompanist.cli.api.health", lambda service: health)
    code, output = doctor(config, "--json", "--service", "payment")
    assert sorted(found(output)) == sorted(("payment", one) for one in ["ACC428", *findings])
    assert code == (3 if "ACC446" in findings else 1)


def test_the_text_says_what_to_do(config: Path) -> None:
    code, output = doctor(config, "--service", "payment")
    assert code == 1
    assert "payment: 0 sidecars hold 0 shards" in output
    assert "warning ACC428 payment: 64 shards" in output
    assert "Start the service's sidecar" in output


def test_errors_come_first_and_decide_the_exit_code(config: Path, database: Database) -> None:
    execute(database, "UPDATE acc_payment.alembic_version SET version_num = '0001'")
    code, output = doctor(config, "--json")
    assert (code, found(output)[0]) == (3, ("payment", "ACC403"))


def test_a_log_that_cannot_be_reached_is_a_finding_and_the_others_are_looked_at(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOMPANIST_SERVICE_PAYMENT_DATABASE", "postgresql://x:hunter2@127.0.0.1:1/none")
    code, output = doctor(config, "--json")
    assert code == 3
    assert found(output)[0] == ("payment", "ACC401")
    assert len(found(output)) == 3
    assert "hunter2" not in output


def test_another_server_is_told_and_can_be_accepted(config: Path, database: Database) -> None:
    execute(database, "INSERT INTO acc_payment.server (system_identifier, timeline) VALUES (7, 7)")
    code, output = doctor(config, "--service", "payment", "--json")
    assert (code, found(output)[0]) == (3, ("payment", "ACC409"))
    code, output = doctor(config, "--service", "payment", "--accept-server", "--json")
    assert (code, found(output)) == (1, [("payment", "ACC428")])


def test_an_unknown_service_is_an_error_of_the_configuration(config: Path) -> None:
    assert doctor(config, "--service", "paymnt")[0] == 3
