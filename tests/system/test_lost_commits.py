"""A sidecar ends when durable commits of its are missing, and names the sessions.

It is a real process over a real Postgres. No worker runs, because the test looks at what is written before one is
called.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from accompanist.cli.api import ask
from accompanist.sidecar import config as configuration
from accompanist.sidecar.config import Service
from ops.local import ROOT
from ops.stage import persistently, until
from tests.log.failover import Pair, pair
from tests.postgres import SERVICES

pytestmark = pytest.mark.postgres

ENDS_S = 60.0
OPERATORS = 3
"""The exit code of what is for whoever runs the service."""
ORDER = {"customer": "customer-gold", "lines": [{"product": "kettle", "quantity": 1}]}
WAREHOUSE = SERVICES["warehouse"]


class Process:
    """The warehouse's sidecar as a program, over a log that may fail over."""

    def __init__(self, place: Path, dsn: str) -> None:
        self.said = place / "said"
        self.state = place / "state"
        prefix = "ACCOMPANIST_SERVICE_"
        logs = {f"{prefix}{name.upper()}_SCHEMA": schema for name, schema in SERVICES.items()}
        logs |= {f"{prefix}{name.upper()}_DATABASE": dsn for name in SERVICES}
        own = {
            "API": f"http+unix:{place / 'api.sock'}",
            "STATE_DIR": str(self.state),
            "WORKER_WAREHOUSE": f"unix:{place / 'nobody.sock'}",
        }
        self._environ = {**os.environ, **logs, **{f"{prefix}WAREHOUSE_{name}": value for name, value in own.items()}}
        self._file = ROOT / "accompanist.toml"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def service(self) -> Service:
        return configuration.load(self._file, self._environ).service("warehouse")

    def begin(self) -> None:
        command = [sys.executable, "-m", "accompanist.cli.main", "sidecar", "--service", "warehouse"]
        command += ["--config", str(self._file), "--json"]
        with self.said.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def start_order(self) -> str:
        """A session whose start is durable."""
        asked = {"choreography": "fulfil_order", "arguments": {"order": ORDER}}
        session: str = persistently(lambda: ask(self.service, "session.start", asked))["session"]
        return session

    def end(self) -> tuple[int, str]:
        """The exit code of a process that ends by itself, and all that it said."""
        assert self._process is not None
        return self._process.wait(ENDS_S), self.said.read_text()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def both() -> Iterator[Pair]:
    with pair() as found:
        yield found


@pytest.fixture
def sidecar(both: Pair) -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="acc-") as place:  # a socket's path is short
        process = Process(Path(place), both.dsn("warehouse"))
        try:
            yield process
        finally:
            process.kill()


def on(dsn: str, statement: str, *arguments: Any) -> Any:
    """As the database's administrator."""

    async def run() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(run())


def complaints(said: str) -> list[tuple[str, str]]:
    """The events that are logged as errors, with their codes."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [(line["event"], line.get("code", "")) for line in lines if line.get("level") == "error"]


def begun(both: Pair, session: str) -> bool:
    found = on(both.dsn(), f"SELECT count(*) FROM {WAREHOUSE}.session WHERE session = $1", session)  # noqa: S608
    return bool(found)


def test_a_sidecar_ends_when_a_promoted_standby_lacks_what_it_was_told_is_durable(both: Pair, sidecar: Process) -> None:
    sidecar.begin()
    kept = sidecar.start_order()
    until(lambda: begun(both, kept))
    both.copy()
    missing = [sidecar.start_order() for _ in range(3)]
    both.fail_over()
    code, said = sidecar.end()
    assert code == OPERATORS
    assert "ACC447" in said
    assert [event for event, code in complaints(said) if code != "ACC447"] == [], "only the reason"
    assert [session for session in missing if session not in said] == [], "each is named"
    sidecar.begin()
    code, said = sidecar.end()
    assert (code, "ACC447" in said) == (OPERATORS, True), "nor does the next process go on over it"
    assert not any(begun(both, session) for session in missing), "nothing was written again"


def test_a_sidecar_ends_when_a_mark_is_missing_behind_a_connection_that_held(both: Pair, sidecar: Process) -> None:
    """As behind a pooler: the server is another one, and no connection has ended."""
    sidecar.begin()
    missing = sidecar.start_order()
    until(lambda: begun(both, missing))
    on(both.dsn(), f"UPDATE {WAREHOUSE}.marker SET number = 0")  # noqa: S608
    with pytest.raises(Exception, match="ACC"):
        ask(sidecar.service, "session.start", {"choreography": "fulfil_order", "arguments": {"order": ORDER}})
    code, said = sidecar.end()
    assert code == OPERATORS
    assert "ACC447" in said
    assert missing in said
    assert complaints(said) == [("sidecar.lost", "ACC447")], "the reason, and nothing that follows from it"
