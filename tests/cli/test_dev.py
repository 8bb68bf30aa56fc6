"""`accompanist dev`: a project that `accompanist init` made comes up, runs sagas, sees what is saved, goes down."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from accompanist.cli import dev
from accompanist.cli.local import reload, telling
from accompanist.cli.scaffold import rendering, writing
from accompanist.cli.source import compiled
from accompanist.errors import OperatorError
from accompanist.postgres_server import socket_place

patience_s = 90.0
SERVICES = ("agency", "flight")


@pytest.fixture
def trip() -> Iterator[Path]:
    """A project at ports that are free, in a directory whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="acc-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)  # a server that root starts runs as another user, which has to pass through
        yield from _made(Path(made) / "trip")


def _made(place: Path) -> Iterator[Path]:
    writing.write(rendering.project(writing.template("plain"), "trip", SERVICES), place)
    configuration = place / "accompanist.toml"
    text = configuration.read_text()
    for known, free in zip(("7101", "7102"), free_ports(2), strict=True):
        text = text.replace(known, str(free))
    configuration.write_text(text)
    yield place
    for elsewhere in ((place / "var" / "postgres").resolve(), socket_place(place / "var" / "run")):
        shutil.rmtree(elsewhere, ignore_errors=True)


def free_ports(number: int) -> list[int]:
    """Ports of the loopback interface that nobody listens at now."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


class Output:
    """What a process prints, read as it comes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._pipe = process.stdout.fileno()
        self.text = ""

    def until(self, said: str) -> None:
        """Read until this was printed. Raises TimeoutError, with what was printed."""
        end = time.monotonic() + patience_s
        while said not in self.text:
            ready, _, _ = select.select([self._pipe], [], [], max(0.0, end - time.monotonic()))
            more = os.read(self._pipe, 65536) if ready else b""
            if not more:
                raise TimeoutError(self.text)
            self.text += more.decode()


@contextmanager
def running(place: Path) -> Iterator[tuple[subprocess.Popen[bytes], Output]]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("ACCOMPANIST", "DATABASE_URL"))}
    command = [sys.executable, "-u", "-m", "accompanist.cli.main", "dev"]
    process = subprocess.Popen(command, cwd=place, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process, Output(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


@pytest.mark.postgres
def test_a_new_project_runs_a_saga_and_starts_anew_what_is_saved(trip: Path) -> None:
    with running(trip) as (process, output):
        output.until("Ctrl-C stops everything")
        line = next(line for line in output.text.splitlines() if "accompanist start reserve_all" in line)
        arguments = line.partition("--args ")[2].strip("'")
        start = ["start", "reserve_all", "--role", "agency", "--wait", "--json", "--args"]
        command = [sys.executable, "-m", "accompanist.cli.main", *start]

        def outcome(given: str) -> str:
            told = subprocess.run([*command, given], cwd=trip, capture_output=True, text=True, check=False)
            return str(json.loads(told.stdout)["outcome"])

        assert outcome(arguments) == "settled"
        eleven = '{"request": {"customer": "ann", "amount": 11}}'
        assert outcome(eleven) == "ended"

        worker = trip / "trip" / "flight" / "worker.py"
        text = worker.read_text()
        before = (trip / "var" / "run" / "flight-worker.pid").read_text()
        worker.write_text(f"{text}\nx = (")
        output.until("what ran goes on")
        assert (trip / "var" / "run" / "flight-worker.pid").read_text() == before
        worker.write_text(text.replace("AMOUNT_MAX = 10\n", "AMOUNT_MAX = 20\n"))
        output.until("flight-worker, flight start anew")
        output.until("all is up again")
        assert outcome(eleven) == "settled"

        process.send_signal(signal.SIGINT)
        output.until("database system is shut down")
        assert process.wait(patience_s) == 0


def test_a_choreography_that_is_refused_is_told_before_anything_starts(
    trip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = trip / "trip" / "choreography.py"
    file.write_text(file.read_text().replace("com(request, to=flight)", "request"))
    assert dev.dev(trip / "accompanist.toml", None, None, reload=False) == 1
    assert "com(request, to=flight)" in capsys.readouterr().err
    assert not (trip / "var").exists()


def test_without_its_extra_it_says_what_to_install(trip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "find_spec", lambda name: None)
    with pytest.raises(OperatorError, match="honcho") as refused:
        dev.dev(trip / "accompanist.toml", None, None, reload=False)
    assert refused.value.code == "ACC814" and "accompanist[local]" in refused.value.hint


def test_arguments_to_start_with_are_shown_for_each_choreography(trip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))  # the project's modules are forgotten afterwards
    (found,) = compiled(trip / "trip" / "choreography.py").choreographies
    assert telling.example(found, trip) == {"request": {"customer": "customer", "amount": 1}}


def test_what_was_saved_is_seen_and_what_tools_write_is_not(tmp_path: Path) -> None:
    for file in ("a.py", "b.sql", "c.txt", "Procfile", "var/x.py", ".venv/x.py", "env/pyvenv.cfg", "env/x.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("")
    before = reload.snapshot(tmp_path)
    assert {file.name for file in before} == {"a.py", "b.sql", "Procfile"}
    assert reload.changed(before, reload.snapshot(tmp_path)) == ()
    (tmp_path / "a.py").unlink()
    (tmp_path / "d.py").write_text("")
    os.utime(tmp_path / "b.sql", ns=(1, 1))
    seen = reload.changed(before, reload.snapshot(tmp_path))
    assert [file.name for file in seen] == ["a.py", "b.sql", "d.py"]
    assert not reload.needs_a_new_start(seen)
    assert reload.needs_a_new_start((tmp_path / "Procfile",))


def test_only_python_that_can_be_read_is_started_anew(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text("x = 1\n")
    (tmp_path / "wrong.py").write_text("x = (\n")
    (tmp_path / "nul.py").write_text("\0")
    (tmp_path / "table.sql").write_text("x = (\n")
    names = ("right.py", "wrong.py", "nul.py", "table.sql", "gone.py")
    assert [name for name in names if reload.unreadable(tmp_path / name)] == ["wrong.py", "nul.py"]
