"""`accompanist keep`, with real processes. Nothing sleeps to synchronise: children say through pipes what they do,
and a pipe that ends says that a process is gone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KEEP = [sys.executable, "-m", "accompanist.cli.main", "keep"]
patience_s = 20.0

# Says its pid, then waits for a line or a signal; what it is told it says on.
CHILD = textwrap.dedent(
    """
    import os, signal, sys
    def told(number, frame):
        os.write(1, f"signal {number}\\n".encode())
        sys.exit(0)
    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    os.write(1, f"pid {os.getpid()}\\n".encode())
    while True:
        signal.pause()
    """
)


class Kept:
    """A keeper with the pipe its child writes to."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int) -> None:
        self.process = process
        self._pipe = pipe
        self._buffer = b""

    def line(self) -> str:
        """The next line; empty when nobody holds the pipe any more."""
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._pipe], [], [], patience_s)
            assert ready, "nothing was said in time"
            read = os.read(self._pipe, 4096)
            if not read:
                return ""
            self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def child(self) -> int:
        word, pid = self.line().split()
        assert word == "pid"
        return int(pid)


@contextmanager
def kept(*command: str, options: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Iterator[Kept]:
    pipe, out = os.pipe()
    process = subprocess.Popen(
        [*KEEP, *options, "--", *command], stdout=out, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}
    )
    os.close(out)
    try:
        yield Kept(process, pipe)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        os.close(pipe)


def test_a_killed_child_is_started_again_and_one_line_tells_of_it() -> None:
    with kept(sys.executable, "-c", CHILD) as keeper:
        first = keeper.child()
        os.kill(first, signal.SIGKILL)
        second = keeper.child()
        assert second != first
        keeper.process.terminate()
        assert keeper.line() == f"signal {signal.SIGTERM:d}"
        _, told = keeper.process.communicate(timeout=patience_s)
        assert keeper.process.returncode == 0
    assert [line.split(":")[0] for line in told.decode().splitlines()] == ["keep"]
    assert b"ended with signal 9; again in 0.05 s" in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_child_once_and_ends_the_keeper(number: signal.Signals) -> None:
    with kept(sys.executable, "-c", CHILD) as keeper:
        keeper.child()
        keeper.process.send_signal(number)
        assert keeper.line() == f"signal {number:d}"
        assert keeper.line() == ""  # the child is gone, and nothing was started again
        assert keeper.process.wait(patience_s) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_the_child_dies_with_a_killed_keeper() -> None:
    with kept(sys.executable, "-c", CHILD) as keeper:
        keeper.child()
        keeper.process.kill()
        assert keeper.line() == ""


def test_the_keeper_dies_with_its_parent() -> None:
    parent = (
        f"import subprocess, sys; subprocess.Popen({[*KEEP, '--', sys.executable, '-c', CHILD]!r}); sys.stdin.read()"
    )
    pipe, out = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=out)
    os.close(out)
    keeper = Kept(process, pipe)
    keeper.child()
    process.kill()
    process.wait()
    assert keeper.line() == f"signal {signal.SIGTERM:d}"
    assert keeper.line() == ""
    os.close(pipe)
    assert process.stdin is not None
    process.stdin.close()


def test_the_keeper_goes_with_the_process_it_watches() -> None:
    watched = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with watched, kept(sys.executable, "-c", CHILD, env={"ACCOMPANIST_KEEP_WHILE": str(watched.pid)}) as keeper:
        keeper.child()
        watched.kill()
        watched.wait()
        assert keeper.line() == f"signal {signal.SIGTERM:d}"
        assert keeper.process.wait(patience_s) == 0


def test_the_pid_file_names_the_child_and_goes_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "child.pid"
    with kept(sys.executable, "-c", CHILD, options=("--pid-file", str(pid_file))) as keeper:
        first = keeper.child()
        assert pid_file.read_text() == f"{first}\n"
        os.kill(first, signal.SIGKILL)
        second = keeper.child()
        assert pid_file.read_text() == f"{second}\n"
        keeper.process.terminate()
        assert keeper.process.wait(patience_s) == 0
    assert not pid_file.exists()


def test_back_off_grows_while_the_child_keeps_failing() -> None:
    with kept(sys.executable, "-c", "raise SystemExit(7)") as keeper:
        assert keeper.process.stderr is not None
        told = [keeper.process.stderr.readline().decode() for _ in range(3)]
        keeper.process.terminate()
        assert keeper.process.wait(patience_s) == 0
    assert [line.rsplit(";", 1)[1].strip() for line in told] == ["again in 0.05 s", "again in 0.1 s", "again in 0.2 s"]
    assert all("ended with code 7" in line for line in told)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--", "/no/such/program"], 127), (["--"], 2), (["--x", "--", "a"], 2)]
)
def test_what_cannot_be_kept_ends_the_keeper(arguments: list[str], code: int) -> None:
    assert subprocess.run([*KEEP, *arguments], capture_output=True, check=False).returncode == code
