"""`accompanist migrate` on a real Postgres: up, again, and down; and what a sidecar says of a log it cannot use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from accompanist.cli.main import main
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
