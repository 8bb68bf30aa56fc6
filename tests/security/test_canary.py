"""A secret in every payload, in sagas that end in every way; then every output is searched for it.

Real processes log at level debug and export spans and metrics; what they print, what a collector receives, what NOTIFY
carries, what errors and the command line say is kept. The secret may be seen where somebody asks for it by the
session's id and has the right to read (`sessions show`, the result of a start), which the last test holds, so that the
search is known to look for something that is there. A reason is the worker's own word, and shown.

Not searched: what Postgres itself logs. It quotes the value of a statement that fails, and that is its operator's to
set; see docs/threats.md.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from accompanist.errors import AccompanistError
from accompanist.log import names
from accompanist.postgres_server import socket_place
from ops.local import Cluster, cluster
from tests.system.test_crash_points import persistently

pytestmark = pytest.mark.postgres

CANARY = "canary-5f3a9c1d"
HERE = Path(__file__).parent / "vault"
OUTCOMES = {
    "settled": "settled",
    "declined": "ended",
    "raised": "ended",
    "driver": "ended",
    "misfit": "ended",
    "local": "ended",
    "crash": "settled",
}
"""What goes wrong in a saga, and how it ends. `stuck`, `parked`, `cancelled` and `diverged` need a hand."""


@dataclass
class Outputs:
    """Everything that came out, by where it came out."""

    said: dict[str, list[str]] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    shown: str = ""

    def keep(self, place: str, text: object) -> None:
        self.said.setdefault(place, []).append(str(text))


class Told:
    """A collector that keeps each body that it is sent, whatever it is of."""

    def __init__(self, outputs: Outputs) -> None:
        class Post(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outputs.keep(self.path, body.decode("latin-1"))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


class Ear:
    """Hears every NOTIFY of the services' channels, on a loop and a thread of its own."""

    def __init__(self, dsn: str, outputs: Outputs) -> None:
        self._leave = threading.Event()
        self._there = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen(dsn, outputs)), daemon=True)
        self._thread.start()
        assert self._there.wait(30)

    async def _listen(self, dsn: str, outputs: Outputs) -> None:
        connection = await asyncpg.connect(dsn)
        for service in ("teller", "vault"):
            await connection.add_listener(
                names.channel(service), lambda _, pid, channel, payload: outputs.keep("notify", f"{channel}:{payload}")
            )
        self._there.set()
        await asyncio.to_thread(self._leave.wait)
        await connection.close()

    def close(self) -> None:
        self._leave.set()
        self._thread.join()


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outputs]:
    """All outputs of a deployment in which sagas ended in every way."""
    found = Outputs()
    collector = Told(found)
    place = tmp_path_factory.mktemp("canary")
    environ = {
        "ACCOMPANIST_LOG": "debug",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_METRICS_EXPORTER": "otlp",
    }
    files = {"procfile": HERE / "Procfile", "config_file": HERE / "accompanist.toml"}
    try:
        with cluster(place, environ, log_file=place / "log", **files) as running:
            ear = Ear(running.admin_dsn, found)
            _play(running, found)
            ear.close()
        log = (place / "log").read_text(errors="replace")
        for line in log.splitlines():
            # a line of Postgres's own log has its process id in brackets where ours is JSON
            found.keep("log" if "{" in line or "[" not in line else "postgres", line)
        yield found
    finally:
        collector.close()
        for elsewhere in ((place / "postgres").resolve(), socket_place(place / "run")):
            shutil.rmtree(elsewhere, ignore_errors=True)


def _play(running: Cluster, found: Outputs) -> None:
    for how, outcome in OUTCOMES.items():
        answer = _start(running, how, key=f"{CANARY}-{how}", wait_ms=30_000)
        assert answer["outcome"] == outcome, (how, answer)
        found.sessions[how] = answer["session"]
        if outcome != "settled":
            found.keep("reasons", answer["reason"])
    for how in ("stuck", "cancelled", "diverged"):
        found.sessions[how] = _start(running, "stuck")["session"]
    waits = [_parked(running, found.sessions[how]) for how in ("stuck", "cancelled", "diverged")]
    found.keep("parked", waits)
    _ask_wrongly(running, found)
    _cancel_and_operate(running, found)
    _diverge(running, found)
    _command_line(running, found)
    found.shown = json.dumps(running.ask("vault", "session.get", {"session": found.sessions["settled"]}))
    running.ask("teller", "session.list", {"limit": 100})


def _start(running: Cluster, how: str, **more: Any) -> Any:
    arguments = {"deposit": {"secret": CANARY, "how": how}}
    return running.ask("teller", "session.start", {"choreography": "keep", "arguments": arguments, **more}, 30.0)


def _parked(running: Cluster, session: str) -> Any:
    def row() -> Any:
        rows = running.ask("teller", "session.list", {"parked": True, "limit": 100})["sessions"]
        return next((row for row in rows if row["session"] == session), None)

    told = persistently(row, bool)
    assert told["parked"]["code"] == "ACC204", told
    return told


def _ask_wrongly(running: Cluster, found: Outputs) -> None:
    """Errors name what is wrong by place and type; who asked knows what it sent."""
    session = found.sessions["settled"]
    for method, params in (
        ("session.start", {"choreography": "keep", "arguments": {"deposit": {"secret": CANARY, "how": "invalid"}}}),
        ("session.start", {"choreography": "keep", "arguments": {"deposit": {"secret": [CANARY], "how": ""}}}),
        ("session.start", {"choreography": "keep", "arguments": {"deposit": CANARY}}),
        ("session.start", {"choreography": "keep", "arguments": CANARY}),
        ("session.start", {"choreography": "keep", "arguments": {"deposit": {CANARY: 1}}}),
        ("session.start", {"choreography": "keep", "key": f"{CANARY}-settled",
                           "arguments": {"deposit": {"secret": CANARY, "how": "another"}}}),
        ("session.get", {"session": CANARY}),
        ("session.list", {"outcome": CANARY}),
        ("session.operate", {"session": session, "role": "vault", "verb": CANARY, "who": "w", "why": "y"}),
        ("session.operate", {"session": session, "role": "teller", "verb": "resolve", "who": "w", "why": "y",
                             "value": CANARY}),
        ("session.cancel", {"session": session, "reason": [CANARY]}),
    ):  # fmt: skip
        with pytest.raises(AccompanistError) as refused:
            running.ask("teller", method, params)
        found.keep("errors", json.dumps(refused.value.as_json()))


def _cancel_and_operate(running: Cluster, found: Outputs) -> None:
    asked = {"session": found.sessions["stuck"], "role": "teller", "who": "operator", "why": "by hand"}
    running.ask("teller", "session.operate", asked | {"verb": "skip"})
    answer = running.ask("teller", "session.result", {"session": found.sessions["stuck"], "wait_ms": 20_000}, 20.0)
    assert answer["outcome"] == "ended"
    found.keep("errors", running.ask("teller", "session.cancel", {"session": found.sessions["cancelled"]}))


def _diverge(running: Cluster, found: Outputs) -> None:
    """The log is changed under a session that is then run again: what is asked now is not what was asked then."""

    async def change() -> None:
        connection = await asyncpg.connect(running.admin_dsn)
        try:
            done = await connection.execute(
                "UPDATE teller.result SET digest = sha256('another') WHERE session = $1", found.sessions["late"]
            )
            assert done != "UPDATE 0"
        finally:
            await connection.close()

    worker = running.pid("vault-worker")
    keeper = _parent(worker)
    os.kill(keeper, 19)  # SIGSTOP: the worker stays away, and the saga waits between its two halves
    try:
        os.kill(worker, 9)
        found.sessions["late"] = _start(running, "settled")["session"]
        persistently(lambda: _results(running, found.sessions["late"]), bool)
        asyncio.run(change())
        os.kill(running.pid("teller"), 9)
    finally:
        os.kill(keeper, 18)

    def parked() -> Any:
        rows = running.ask("teller", "session.list", {"parked": True, "limit": 100})["sessions"]
        return next((row["parked"] for row in rows if row["session"] == found.sessions["late"]), None)

    told = persistently(parked, bool)
    assert told["code"] == "ACC201" or "digest" in told["text"] or "arguments" in told["text"], told
    found.keep("parked", told)


def _results(running: Cluster, session: str) -> Any:
    return running.ask("teller", "session.get", {"session": session}).get("results")


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _command_line(running: Cluster, found: Outputs) -> None:
    for arguments in (
        ["sessions", "list"],
        ["sessions", "list", "--json", "--parked"],
        ["doctor", "--database", running.admin_dsn],
        ["doctor", "--json", "--database", running.admin_dsn],
        ["start", "keep", "--role", "teller", "--args", json.dumps({"deposit": CANARY})],
        ["sessions", "cancel", found.sessions["declined"]],
        ["check", str(HERE / "choreography.py")],
    ):
        command = [sys.executable, "-m", "accompanist.cli.main", *arguments]
        ended = subprocess.run(command, env=running.environ, capture_output=True, text=True, timeout=120, check=False)
        assert ended.stdout or ended.stderr, arguments
        found.keep("command line", ended.stdout + ended.stderr)


@pytest.mark.parametrize(
    "place", ["log", "/v1/traces", "/v1/metrics", "errors", "parked", "reasons", "notify", "command line"]
)
def test_nothing_that_comes_out_holds_the_secret(outputs: Outputs, place: str) -> None:
    said = outputs.said[place]
    assert said
    assert [line for line in said if CANARY in line] == []


def test_everything_that_was_to_be_logged_was(outputs: Outputs) -> None:
    """A log that says nothing holds no secret either."""
    log = "\n".join(outputs.said["log"])
    for event in ("session.ended", "session.parked", "handler.failed", "worker.reply_misfit", "call.again",
                  "call.given_up", "process.crashed", "sidecar.started"):  # fmt: skip
        assert event in log, event
    assert outputs.sessions["settled"] in log and outputs.sessions["declined"] in "\n".join(outputs.said["/v1/traces"])


def test_who_may_read_sees_it(outputs: Outputs) -> None:
    assert CANARY in outputs.shown
