"""`accompanist migrate` on a real Postgres: up, again, and down; what a sidecar says of a log it cannot use.

And, without a Postgres, the log as SQL.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from accompanist.cli.main import main
from accompanist.log import contract
from tests.postgres import Database

patience_s = 60.0
TWO = '[service.stock]\napi = "http+unix:stock.sock"\n[service.till]\n'


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accompanist.toml").write_text(TWO)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int | None)
    return ended.value.code or 0


@pytest.mark.usefixtures("deployment")
def test_logs_go_up_and_down(blank_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    there = ("--database", blank_database.dsn())
    assert run("migrate", "--bootstrap", *there) == 0
    assert capsys.readouterr().out == "stock: head\ntill: head\n"
    assert run("migrate", *there, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"migrated": {"stock": "head", "till": "head"}}
    assert run("migrate", "--down", "--service", "till", *there) == 0
    assert capsys.readouterr().out == "till: down\n"


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    ("bootstrapped", "code"), [(False, "ACC405"), (True, "ACC403")], ids=["no role yet", "not migrated"]
)
def test_a_sidecar_says_what_its_log_lacks(
    bootstrapped: bool, code: str, blank_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bootstrapped:
        assert run("migrate", "--bootstrap", "--database", blank_database.dsn()) == 0
        assert run("migrate", "--down", "--database", blank_database.dsn()) == 0
    monkeypatch.setenv("DATABASE_URL", blank_database.dsn("stock_sidecar" if bootstrapped else "nobody_of_that_name"))
    # a process of its own: a sidecar sets up logging, signals and an event loop for all of its process
    command = [sys.executable, "-m", "accompanist.cli.main", "sidecar", "--service", "stock", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience_s)
    assert ended.returncode == 3, ended.stderr
    assert json.loads(ended.stderr.splitlines()[-1])["error"]["code"] == code


@pytest.mark.usefixtures("deployment")
def test_an_absent_postgres_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dsn = f"postgresql://stock_sidecar@/postgres?host={tmp_path}"
    assert run("migrate", "--database", dsn, "--json") == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "ACC401"


@pytest.mark.usefixtures("deployment")
def test_the_log_of_a_service_is_printed_as_sql(capsys: pytest.CaptureFixture[str]) -> None:
    """As it is: no sign of it is written out for the terminal, and no variable is left in it."""
    assert run("migrate", "--sql", "--service", "till") == 0
    printed = capsys.readouterr().out
    assert printed == contract.script("till", "till") + "\n"
    assert re.search(r"GRANT EXECUTE ON FUNCTION flush\([^)]*\)\s+TO till_sidecar;", printed)
    assert not re.search(r""":["'](owner|sidecar|schema|service)""", printed)
    assert run("migrate", "--sql", "--service", "till", "--json") == 0
    files = json.loads(capsys.readouterr().out)
    assert next(iter(files)) == "schema.sql" and len(files) > len(contract.FIRST)
    assert files == contract.files("till", "till")


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    ("options", "told"), [((), "stock, till"), (("--service", "till", "--down"), "no database")], ids=["which", "down"]
)
def test_sql_is_of_one_service_and_changes_nothing(
    options: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("migrate", "--sql", *options) == 2
    assert told in capsys.readouterr().err
