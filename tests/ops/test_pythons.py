"""Which Pythons are found, and what `make everything` asks of each."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ops import everything, pythons


def fake(place: Path, says: str) -> Path:
    place.parent.mkdir(parents=True)
    place.write_text(f"#!/bin/sh\necho {says}\n")
    place.chmod(0o755)
    return place


def test_a_python_is_found_among_pyenvs_and_is_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    right = fake(tmp_path / "3.13.2" / "bin" / "python", "3.13")
    fake(tmp_path / "3.12.1" / "bin" / "python", "3.11")
    assert pythons.find("3.13", tmp_path) == str(right)
    assert pythons.find("3.12", tmp_path) is None
    assert pythons.find("3.14", tmp_path) is None


def test_the_one_that_runs_is_not_run_twice() -> None:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {*pythons.others(), ours} == {*pythons.VERSIONS, ours} and ours not in pythons.others()


def test_each_other_python_has_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "find", lambda version: "/usr/bin/python" if version == "3.13" else None)
    assert everything.command("test") == ["make", "test"]
    assert everything.command("test-3.13") == ["make", "test", "PYTHON=/usr/bin/python", "VENV=var/python3.13"]
    skipped = everything.run("test-3.14")
    assert skipped.exit_code == 0 and "not installed" in skipped.last
