"""Builds a release into a directory: `python -m ops.release` (`make dist`).

    accompanist-VERSION-py3-none-any.whl    the package
    accompanist-VERSION.tar.gz              its source: what is tracked
    accompanist-VERSION.cdx.json            CycloneDX: every package that an image of a whole deployment has
    SHA256SUMS                              the hashes of these

The same commit gives the same bytes: times are the commit's (SOURCE_DATE_EPOCH, if it is set), and what builds is
pinned: hatchling by requirements.lock, cyclonedx-py by ops/release/tools.lock. The bill of materials is read from
ops/release/runtime.lock, which ops/release/Containerfile installs. Without the network, and with no cyclonedx-py from
an earlier run, the bill is left out, and the exit code is 2.

Not promised: that what is not committed is left out of the wheel.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ops.environments import fill
from ops.local import ROOT

HERE = ROOT / "ops" / "release"
RUNTIME = HERE / "runtime.lock"
TOOLS = HERE / "tools.lock"
PLACE = ROOT / "var" / "release"


def epoch(root: Path, environ: Mapping[str, str]) -> str:
    """The time that is written into what is built, in seconds since 1970: the last commit's, if none is given. Empty
    outside of a repository: hatchling then has a time of its own."""
    if given := environ.get("SOURCE_DATE_EPOCH"):
        return given
    asked = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False).stdout.strip()


def build(root: Path, into: Path, at: str) -> list[Path]:
    """Build wheel and sdist of the tree at `root`."""
    environ = {**os.environ, **({"SOURCE_DATE_EPOCH": at} if at else {})}
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(into.resolve())]
    subprocess.run(command, cwd=root, env=environ, check=True, stdout=subprocess.DEVNULL)
    return [*into.glob("accompanist-*.whl"), *into.glob("accompanist-*.tar.gz")]


def bill_of_materials(tool: Path, into: Path, at: str) -> Path:
    """Write the bill of materials with the program cyclonedx-py."""
    file = into / f"accompanist-{version(ROOT)}.cdx.json"
    command: list[str | Path] = [tool, "requirements", RUNTIME, "--pyproject", ROOT / "pyproject.toml"]
    command += ["--output-reproducible", "--output-format", "JSON", "--output-file", file]
    environ = {**os.environ, "PYTHONWARNINGS": "ignore", **({"SOURCE_DATE_EPOCH": at} if at else {})}
    subprocess.run(command, env=environ, check=True)
    return file


def version(root: Path) -> str:
    """The version, as pyproject.toml has it: nowhere else is it written."""
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def sums(files: list[Path]) -> str:
    """The lines of SHA256SUMS, as `sha256sum --check` reads them."""
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(files))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.release", description="Build a release.")
    parser.add_argument("--directory", type=Path, default=ROOT / "dist")
    into: Path = parser.parse_args().directory
    into.mkdir(parents=True, exist_ok=True)
    for old in [*into.glob("accompanist-*"), into / "SHA256SUMS"]:
        old.unlink(missing_ok=True)
    at = epoch(ROOT, os.environ)
    files = build(ROOT, into, at)
    if why := fill(PLACE, TOOLS):
        print(f"no bill of materials: cyclonedx-py could not be installed: {why}", file=sys.stderr)
    else:
        files.append(bill_of_materials(PLACE / "bin" / "cyclonedx-py", into, at))
    (into / "SHA256SUMS").write_text(sums(files))
    print((into / "SHA256SUMS").read_text(), end="")
    return 2 if why else 0


if __name__ == "__main__":
    sys.exit(main())
