"""Reading a choreography never runs it: not the file, not what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TRAP = """
from pathlib import Path
Path({marker!r}).write_text("executed")
"""
SOURCE = '''
"""A choreography whose import would leave a mark."""
from __future__ import annotations

from typing import Annotated as At

import trapped
from accompanist import Role, choreography, com, transaction
from trapped import wrapped


class Till(Role):
    @transaction
    def pay(self, amount: int) -> int: ...
    @pay.compensation
    def refund(self, amount: int) -> None: ...


@choreography
def buy(till: Till, amount: At[int, "till"]) -> At[int, "till"]:
    return till.pay(amount)

'''


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["check", "FILE"],
        ["check", "FILE", "--explain", "--learns"],
        ["check", "FILE", "--format", "sarif"],
        ["project", "FILE", "--role", "till"],
        ["diagram", "FILE"],
        ["diagram", "FILE", "--format", "svg"],
        ["diff", "FILE", "FILE"],
    ],
)
def test_reading_a_choreography_runs_nothing_of_it(tmp_path: Path, command: list[str]) -> None:
    marker = tmp_path / "executed"
    trap = TRAP.format(marker=str(marker))
    (tmp_path / "trapped.py").write_text(f"{trap}\ndef wrapped(f):\n    return f\n")
    file = tmp_path / "buy.py"
    file.write_text(SOURCE + trap)
    asked = [str(file) if word == "FILE" else word for word in command]
    ended = subprocess.run(
        [sys.executable, "-m", "accompanist.cli.main", *asked],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.stdout or ended.stderr, "it did nothing at all"
    assert "Traceback" not in ended.stderr
    assert not marker.exists()


def test_the_trap_is_one(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    (tmp_path / "trapped.py").write_text(TRAP.format(marker=str(marker)))
    subprocess.run([sys.executable, "-c", "import trapped"], cwd=tmp_path, check=True, timeout=60)
    assert marker.exists()
