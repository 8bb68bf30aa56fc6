"""`accompanist diff`: files, a lone copy of the old file, and revisions of git."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_commands import run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the order saga in it, and one commit."""
    here = tmp_path / "project"
    shutil.copytree(ROOT / "workers", here / "workers")
    monkeypatch.chdir(here)
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", *arguments], check=True)
    return here / "workers" / "orders"


def test_a_revision_and_the_working_tree(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saga = project / "choreography.py"
    assert run("diff", "HEAD:workers/orders/choreography.py", str(saga)) == 0
    assert "fulfil_order: the same" in capsys.readouterr().out
    saga.write_text(saga.read_text().replace("> LARGE", ">= LARGE"))
    assert run("diff", "HEAD:workers/orders/choreography.py", str(saga)) == 0
    assert ">= LARGE_ORDER_CENTS" in capsys.readouterr().out


def test_what_breaks_is_the_exit_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages = project / "messages.py"
    messages.write_text(messages.read_text().replace("paid_cents: int", "paid: int"))
    assert run("diff", "HEAD:workers/orders/choreography.py", str(project / "choreography.py"), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    roles = {one["role"]: one["verdict"] for one in told["choreographies"][0]["roles"]}
    assert roles == {"warehouse": "same", "payment": "broken", "loyalty": "broken"}


def test_a_copy_of_the_old_file_is_read_beside_the_new_one(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.py"
    shutil.copy(project / "choreography.py", old)
    assert run("diff", str(old), str(project / "choreography.py")) == 0
    assert "the same" in capsys.readouterr().out


def test_a_copy_of_the_old_directory_is_read_with_what_lies_beside_it(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the old messages would be the new ones, and nothing would ever break."""
    old = tmp_path / "before" / "workers" / "orders"
    shutil.copytree(project, old)
    assert run("diff", str(old / "choreography.py"), str(project / "choreography.py")) == 0
    assert "the same" in capsys.readouterr().out
    messages = project / "messages.py"
    messages.write_text(messages.read_text().replace("paid_cents: int", "paid: int"))
    assert run("diff", str(old / "choreography.py"), str(project / "choreography.py")) == 1
    assert "Receipt has lost its field paid_cents" in capsys.readouterr().out


@pytest.mark.parametrize("marked", [True, False])
def test_two_directories_anywhere_are_each_read_by_themselves(
    marked: bool, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With relative imports; in one project, where both have a module name of their own, and in none."""
    sides = [tmp_path / "sides" / name for name in ("old", "new-one")]
    for side in sides:
        shutil.copytree(project, side)
        for file in side.glob("*.py"):
            file.write_text(file.read_text().replace("from workers.orders.", "from ."))
    if marked:
        (tmp_path / "sides" / "pyproject.toml").touch()
    old, new = (str(side / "choreography.py") for side in sides)
    assert run("diff", old, new) == 0
    assert "the same" in capsys.readouterr().out
    saga = sides[1] / "choreography.py"
    saga.write_text(saga.read_text().replace("> LARGE", ">= LARGE"))
    assert run("diff", old, new) == 0  # changed, and the worker serves both
    assert "CANNOT" not in capsys.readouterr().out
    messages = sides[1] / "messages.py"
    messages.write_text(messages.read_text().replace("paid_cents: int", "paid: int"))
    assert run("diff", old, new) == 1
    said = capsys.readouterr().out
    assert "Receipt has lost its field paid_cents" in said
    assert "is gone from" not in said


@pytest.mark.slow
def test_two_directories_are_compared_file_by_file(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [tmp_path / "sides" / name for name in ("old", "new")]
    for side in sides:
        shutil.copytree(project, side)
        for file in side.glob("*.py"):
            file.write_text(file.read_text().replace("from workers.orders.", "from ."))
    old, new = map(str, sides)
    assert run("diff", old, new) == 0
    said = capsys.readouterr().out
    assert "fulfil_order: the same" in said
    assert "SESSIONS" not in said
    (sides[1] / "choreography.py").rename(sides[1] / "saga.py")
    messages = sides[1] / "messages.py"
    messages.write_text(messages.read_text().replace("paid_cents: int", "paid: int"))
    assert run("diff", old, new) == 1
    said = capsys.readouterr().out
    assert "Receipt has lost its field paid_cents" in said
    assert "fulfil_order: removed" not in said
    (sides[1] / "saga.py").unlink()
    assert run("diff", old, new) in (0, 1)
    assert "fulfil_order: removed" in capsys.readouterr().out


def test_a_file_of_a_directory_that_is_no_text_has_no_choreography(tmp_path: Path) -> None:
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\n")
        (tmp_path / side / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert run("diff", str(tmp_path / "old"), str(tmp_path / "new"), "--json") == 1


def test_directories_without_a_choreography_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
    assert run("diff", str(tmp_path / "old"), str(tmp_path / "new"), "--json") == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "ACC826"


@pytest.mark.parametrize(
    ("old", "new", "code", "text", "hint"),
    [
        (
            "was",
            "orders/saga.py",
            "ACC827",
            "was is a directory, and orders/saga.py is a file",
            "diff was/saga.py orders/saga.py",
        ),
        (
            "was/saga.py",
            "orders",
            "ACC827",
            "was/saga.py is a file, and orders is a directory",
            "diff was/saga.py orders/saga.py",
        ),
        ("was", "orders/other.py", "ACC827", "was is a directory, and orders/other.py is a file", "diff was orders"),
        (
            "HEAD:was/saga.py",
            "orders",
            "ACC827",
            "HEAD:was/saga.py is a file, and orders is a directory",
            "diff HEAD:was/saga.py orders/saga.py",
        ),
        ("HEAD:was/other.py", "orders", "ACC100", "HEAD has no file was/other.py", "git ls-tree -r --name-only HEAD"),
        ("HEAD:was", "orders/saga.py", "ACC827", "HEAD:was is a directory, and git shows files", "HEAD:was/saga.py"),
        ("HEAD:was", "orders", "ACC827", "HEAD:was is a directory, and git shows files", "git worktree add"),
        ("NOSUCH", "orders", "ACC100", "NOSUCH does not exist", "REVISION:PATH"),
        ("was", "NOSUCH", "ACC100", "NOSUCH does not exist", "REVISION:PATH"),
        ("NOSUCH.py", "orders/saga.py", "ACC100", "NOSUCH.py does not exist", "REVISION:PATH"),
    ],
)
def test_what_does_not_fit_is_said_in_the_words_that_were_given(
    old: str,
    new: str,
    code: str,
    text: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A directory and a file, of git or not; and what is not there is not looked for under another path."""
    for place in ("was/saga.py", "orders/saga.py", "orders/other.py"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "workers" / "gallery" / "auction.py", tmp_path / place)
    monkeypatch.chdir(tmp_path)
    named = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "."], [*named, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *arguments], check=True)
    assert run("diff", old, new, "--json") == 1
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["text"]) == (code, text)
    assert hint in error["hint"]


def test_a_file_that_was_renamed_is_compared_with_what_it_was(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saga = project / "choreography.py"
    (project / "saga.py").write_text(saga.read_text().replace("> LARGE", ">= LARGE"))
    assert run("diff", "HEAD:workers/orders/choreography.py", str(project / "saga.py")) == 0
    assert "CANNOT" not in capsys.readouterr().out


def test_a_revision_that_is_not_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("nothing:workers/orders/choreography.py", "HEAD~9:workers/orders/choreography.py"):
        assert run("diff", wrong, str(project / "choreography.py"), "--json") == 1
        assert json.loads(capsys.readouterr().err)["error"]["code"] == "ACC821"


def test_a_refused_version_is_answered_with_its_diagnostics(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diff", str(project / "choreography.py"), str(project / "nothing.py")) == 1
    assert "ACC100" in capsys.readouterr().err
