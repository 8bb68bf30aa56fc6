"""The compiler in a process of its own says what it says in this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accompanist.language.program.program import Choreography
from accompanist.sidecar.compiling.apart import Apart
from accompanist.sidecar.compiling.here import Here

ROOT = Path(__file__).parents[2]
ORDERS = (ROOT / "workers" / "orders" / "choreography.py").as_posix()
GALLERY = (ROOT / "workers" / "gallery").as_posix()


def test_deployed_files_give_the_same_programs_and_texts() -> None:
    files = [ORDERS, *(path.as_posix() for path in sorted(Path(GALLERY).glob("*.py"))[:2])]
    here = Here().deployed(files, ROOT.as_posix())
    assert Apart().deployed(files, ROOT.as_posix()) == here
    assert here[0].path == "workers/orders/choreography.py"
    assert all(one.normal == () and one.header is None for one in here[0].choreographies), "tools alone need those"


def test_the_first_refused_file_ends_it_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("def f(:")
    files = [(tmp_path / "wrong.py").as_posix(), (tmp_path / "absent.py").as_posix()]
    [refused] = Apart().deployed(files, tmp_path.as_posix())
    assert refused.refused == Here().deployed(files, tmp_path.as_posix())[0].refused != ""
    assert refused.choreographies == ()


def test_a_stored_version_is_found_by_its_fingerprint_only() -> None:
    [deployed] = Here().deployed([ORDERS], ROOT.as_posix())
    wanted = deployed.choreographies[0]
    found = Apart().again(deployed.path, deployed.texts, wanted.fingerprint)
    assert isinstance(found, Choreography) and found.projections == wanted.projections
    assert Apart().again(deployed.path, deployed.texts, "0" * 32) == "its texts compile to another fingerprint"


def test_a_file_of_the_deployment_is_not_taken_for_a_module_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reason: Python looks in the working directory first. What is deployed must not run in the compiler's process."""
    for name in ("pickle", "ast", "accompanist"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert Apart().deployed([ORDERS], ROOT.as_posix())[0].refused == ""


def test_a_compiler_that_ends_without_an_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(subprocess.CalledProcessError):
        Apart().deployed([ORDERS], ROOT.as_posix())
