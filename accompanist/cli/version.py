"""`accompanist --version`. The number is written once, in pyproject.toml; the installed package's metadata has it."""

from __future__ import annotations

import platform
from importlib.metadata import version

from accompanist.log import schema


def text() -> str:
    """The version, the Python that runs it, and the revision that it needs of a log."""
    return f"accompanist {version('accompanist')} (Python {platform.python_version()}, log revision {schema.head()})"
