"""`accompanist fence install` on a real Postgres: once, a second time, and its errors."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest

from accompanist.worker.fence import VERSION
from tests.cli.test_commands import run
from tests.postgres import Database


async def has_fence(database: Database, schema: str) -> bool:
    connection = await asyncpg.connect(database.dsn())
    try:
        return bool(await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.fence_version"))
    finally:
        await connection.close()


def test_the_fence_is_installed_and_again_changes_nothing(
    blank_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fence", "install", "--schema", "till_worker", "--database", blank_database.dsn()) == 0
    assert capsys.readouterr().out == f"till_worker: fence of version {VERSION}\n"
    assert asyncio.run(has_fence(blank_database, "till_worker"))
    assert run("fence", "install", "--schema", "till_worker", "--database", blank_database.dsn(), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"schema": "till_worker", "version": VERSION}


def test_the_database_may_come_from_the_environment(
    blank_database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", blank_database.dsn())
    assert run("fence", "install", "--schema", "other_worker") == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--schema", "till"), "ACC822"),
        (("--schema", "Till; DROP", "--database", "{dsn}"), "ACC514"),
        (("--schema", "till", "--database", "postgresql://127.0.0.1:1/nothing"), "ACC401"),
    ],
)
def test_what_is_wrong_has_a_code(
    arguments: tuple[str, ...],
    code: str,
    blank_database: Database,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    given = [argument.format(dsn=blank_database.dsn()) for argument in arguments]
    assert run("fence", "install", *given, "--json") == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == code
