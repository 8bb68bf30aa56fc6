"""What is reported of a test that hangs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.hanging import TEST_S
from tests.language.programs import ROOT

TEST = """\
import threading
from tests import hanging

hanging.TEST_S = 0.2
pytest_runtest_protocol = hanging.pytest_runtest_protocol
"""


def test_it_ends_with_its_stack_and_its_name(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(TEST)
    (tmp_path / "test_it.py").write_text("import threading\n\ndef test_waits():\n    threading.Event().wait()\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TEST_S, check=False)
    assert ran.returncode == 1
    *_, last = ran.stdout.strip().splitlines()
    assert last.endswith("test_it.py::test_waits is not over after 0 s")
    assert "threading.Event().wait()" in ran.stdout


def test_among_several_processes_it_is_told_as_well(tmp_path: Path) -> None:
    """What such a process prints goes nowhere; what it says of an error does not."""
    (tmp_path / "conftest.py").write_text(TEST)
    (tmp_path / "test_it.py").write_text("import threading\n\ndef test_waits():\n    threading.Event().wait()\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "1", "--max-worker-restart", "0"]
    command += ["--rootdir", str(tmp_path), str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TEST_S, check=False)
    assert ran.returncode == 1
    assert "test_it.py::test_waits is not over after 0 s" in ran.stderr
    assert "threading.Event().wait()" in ran.stderr
    assert "crashed while running 'test_it.py::test_waits'" in ran.stdout
