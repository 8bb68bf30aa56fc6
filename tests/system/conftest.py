"""One deployment for all system tests: real Postgres, real sidecars, real workers, with crash points armed by files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.local import cluster
from ops.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("system")
    crash = directory / "crash"
    crash.mkdir()
    environ = {"ACCOMPANIST_TESTING": "1", "ACCOMPANIST_CRASH_DIR": str(crash)}
    with cluster(directory, environ, log_file=directory / "processes.log") as running:
        yield Stage(running, crash)
