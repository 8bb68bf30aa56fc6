"""The Python versions that the tests have to pass on, and where they are on this machine.

They are looked for on PATH and among pyenv's versions, because pyenv's shims work only for the selected version.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_SAYS = "import sys; print('%d.%d' % sys.version_info[:2])"


def others() -> list[str]:
    """All of them but the one that runs this."""
    return [version for version in VERSIONS if version != f"{sys.version_info.major}.{sys.version_info.minor}"]


def find(version: str, pyenv: Path | None = None) -> str | None:
    """The command that is this version, None if there is none."""
    installed = sorted((pyenv or Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    for command in (on_path, *map(str, installed)):
        if command is not None and _is(command, version):
            return command
    return None


def _is(command: str, version: str) -> bool:
    try:
        asked = subprocess.run([command, "-c", _SAYS], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return asked.returncode == 0 and asked.stdout.strip() == version
