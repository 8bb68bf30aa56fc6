"""A process does not import what it does not use: imports cost memory, and time at each start."""

from __future__ import annotations

import subprocess
import sys

import pytest

MIGRATION = ("sqlalchemy", "alembic")
"""They run revisions: `accompanist migrate`, and nothing else."""


def imported_by(*modules: str) -> set[str]:
    """The packages that are there after a fresh process has imported these."""
    code = "import sys\n" + "\n".join(f"import {module}" for module in modules)
    code += "\nprint(*{name.partition('.')[0] for name in sys.modules})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.slow
def test_a_sidecar_imports_nothing_that_only_migrations_need() -> None:
    found = imported_by("accompanist.cli.sidecar", "accompanist.cli.commands.sidecar", "accompanist.sidecar.process")
    assert "asyncpg" in found
    assert found.isdisjoint(MIGRATION)


@pytest.mark.slow
def test_what_runs_revisions_is_seen_by_it() -> None:
    assert imported_by("accompanist.log.provision").issuperset(MIGRATION)
