"""Looks up known vulnerabilities of the packages in requirements.lock: `python -m ops.advisories` (`make advisories`).

It queries a database of advisories, so it needs the network. It runs pip-audit in an environment of its own, with the
versions and hashes of ops/advisories.lock, so the environment that is examined stays unchanged. The exit code:

    0   every package was looked up, and none has a known vulnerability
    1   there are known vulnerabilities: the output has the package, the advisory, and the version that fixes it
    2   some packages could not be looked up, so nothing is known about them
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from packaging.requirements import Requirement

from ops.environments import fill
from ops.local import ROOT

LOCK, TOOL = ROOT / "requirements.lock", ROOT / "ops" / "advisories.lock"
PLACE = ROOT / "var" / "advisories"
DATABASES = ("pypi", "osv")
PATIENCE_S = 300


class Verdict(NamedTuple):
    """The exit code, and what it means in words."""

    code: int
    text: str


def verdict(wanted: int, returned: int, printed: str, complained: str) -> Verdict:
    """What an answer of pip-audit says about so many packages. What cannot be read, or is about fewer, says nothing."""
    try:
        found: list[dict[str, Any]] = json.loads(printed)["dependencies"]
        known = [(one, each) for one in found for each in one.get("vulns", ())]
        asked = [one for one in found if "skip_reason" not in one]
    except (ValueError, KeyError, TypeError, AttributeError):
        last = (complained.strip().splitlines() or ["it printed nothing"])[-1]
        return Verdict(2, f"nobody could be asked, so this says nothing of the packages: {last[:300]}")
    if known:
        lines = [
            f"  {one['name']} {one['version']}: {each['id']}, mended in {', '.join(each['fix_versions']) or 'none'}"
            for one, each in known
        ]
        return Verdict(1, "\n".join([f"{len(known)} advisories are known:", *lines]))
    if returned != 0 or len(asked) < wanted:
        return Verdict(2, f"{len(asked)} of {wanted} packages were looked up, so this says nothing of the others")
    return Verdict(0, f"{len(asked)} packages were looked up, and nothing is known against any of them")


def packages(lock: str) -> int:
    """How many packages a lock has for this machine."""
    named = [line.rstrip("\\ ") for line in lock.splitlines() if line[:1].isalnum()]
    wanted = [Requirement(line) for line in named]
    return len({one.name for one in wanted if one.marker is None or one.marker.evaluate()})


def ask(database: str) -> Verdict:
    command = [str(PLACE / "bin" / "pip-audit"), "--requirement", str(LOCK), "--disable-pip", "--require-hashes"]
    command += ["--vulnerability-service", database, "--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return Verdict(2, f"no answer within {PATIENCE_S} s, so this says nothing of the packages")
    return verdict(packages(LOCK.read_text()), done.returncode, done.stdout, done.stderr)


def main(databases: Sequence[str] = DATABASES) -> int:
    if why := fill(PLACE, TOOL):
        print(f"the tool that asks could not be installed, so this says nothing of the packages: {why}")
        return 2
    said = Verdict(2, "")
    for database in databases:
        said = ask(database)
        print(f"{database}: {said.text}")
        if said.code != 2:
            break
    return said.code


if __name__ == "__main__":
    sys.exit(main())
