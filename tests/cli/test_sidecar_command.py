"""The command `sidecar` without typer: the same command lines, the same errors, fewer modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accompanist.cli import sidecar
from accompanist.cli.main import main
from accompanist.cli.sidecar import SidecarOptions

HEAVY = ("typer", "pydantic", "rich", "pygments")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("--service payment", SidecarOptions("payment")),
        ("--service=payment --json", SidecarOptions("payment", as_json=True)),
        ("--config a.toml --service payment", SidecarOptions("payment", Path("a.toml"))),
        ("--config=a=b.toml --service payment", SidecarOptions("payment", Path("a=b.toml"))),
        ("", None),
        ("--help", None),
        ("--service", None),
        ("--service --json", None),
        ("--service=", None),
        ("--service payment --config=", None),
        ("--service payment --service loyalty", None),
        ("--service payment --json=1", None),
        ("--service payment --verbose", None),
        ("payment", None),
    ],
)
def test_a_command_line_is_understood_or_left_to_typer(line: str, asked: SidecarOptions | None) -> None:
    assert sidecar.read(line.split()) == asked


def test_what_is_left_to_typer_is_refused_or_explained_by_it(capsys: pytest.CaptureFixture[str]) -> None:
    for line, code in ((("--help",), 0), ((), 2), (("--service", "payment", "--verbose"), 2)):
        with pytest.raises(SystemExit) as ended:
            main(["sidecar", *line])
        assert ended.value.code == code
    assert "Usage: " in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_told_as_typer_would_have_it_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    line = ["--service", "absent", "--config", str(tmp_path / "none.toml"), *(["--json"] if as_json else [])]
    assert main(["sidecar", *line]) == 3
    ours = capsys.readouterr()
    monkeypatch.setattr(sidecar, "main", lambda arguments: None)
    with pytest.raises(SystemExit) as ended:
        main(["sidecar", *line])
    assert ended.value.code == 3
    assert capsys.readouterr() == ours
    assert "ACC6" in ours.err


def test_a_sidecars_process_imports_neither_typer_nor_what_only_it_needs() -> None:
    code = (
        "import sys\nfrom accompanist.cli.main import main\n"
        "main(['sidecar', '--service', 'absent'])\nimport accompanist.sidecar.process\n"
        f"heavy = [module for module in {HEAVY} if module in sys.modules]\nassert not heavy, heavy\n"
        "import rich.console\n"  # it was hidden from structlog only
    )
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)
