"""`accompanist diagram`: three forms, a file or standard output, and what it says of a file that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import run

ROOT = Path(__file__).parents[2]
SAGA = str(ROOT / "workers" / "orders" / "choreography.py")


def test_mermaid_is_what_one_pastes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diagram", SAGA) == 0
    assert capsys.readouterr().out.startswith("sequenceDiagram\n")


def test_it_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diagram", SAGA, "--format", "svg", "--output", str(tmp_path / "saga.svg")) == 0
    assert (tmp_path / "saga.svg").read_text().startswith("<svg ")
    assert "fulfil_order -> " in capsys.readouterr().out


def test_json_holds_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diagram", SAGA, "--format", "text", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["choreography"], told["format"]) == ("fulfil_order", "text")
    assert "warehouse" in told["diagram"]


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [(("--choreography", "nothing"), "ACC809", 1), (("--output", "/nowhere/saga.svg"), "ACC820", 3)],
)
def test_what_cannot_be_drawn(
    arguments: tuple[str, ...], code: str, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("diagram", SAGA, *arguments, "--json") == exit_code
    assert json.loads(capsys.readouterr().err)["error"]["code"] == code


def test_whether_none_was_named_or_a_wrong_one(capsys: pytest.CaptureFixture[str]) -> None:
    several = str(ROOT / "tests/testing/sagas/waiting.py")
    assert run("diagram", several, "--json") == 1
    told = json.loads(capsys.readouterr().err)["error"]
    assert told["code"] == "ACC813"
    assert run("diagram", several, "--choreography", "nothing", "--json") == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "ACC809"


def test_a_refused_file_is_answered_with_its_diagnostics(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diagram", str(ROOT / "tests/language/must_fail/results.py")) == 1
    assert "ACC144" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("diagram",), ("diff",), ("check",), ("explain",), ("fence", "install")])
def test_each_command_explains_itself(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command, "--help") == 0
    assert "Usage: " in capsys.readouterr().out
