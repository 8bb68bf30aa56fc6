"""An environment of its own for a tool, at the versions and hashes of a lock: what is examined stays as it is.

Needs the network where the environment is not there yet, or was filled from another lock.
"""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path


def fill(place: Path, lock: Path) -> str:
    """Have the environment at `place`; why there is none, or nothing."""
    kept = place / "lock"
    if kept.exists() and kept.read_text() == lock.read_text():
        return ""
    venv.create(place, clear=True, with_pip=True)
    command = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--require-hashes", "-r", str(lock)], capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    kept.write_text(lock.read_text())
    return ""
