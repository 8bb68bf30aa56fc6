"""`accompanist keep -- CMD`: runs a command, and restarts it whenever it ends.

It is for process managers that stop everything when one process exits (honcho), with a process that may die. It
restarts CMD with exponential back-off, which is reset after CMD has run a while. It forwards SIGTERM, SIGINT and
SIGHUP, and then restarts no more. It ends when its parent ends, or the process named by ACCOMPANIST_KEEP_WHILE, which
may be a more distant ancestor. CMD never outlives its keeper: on Linux the kernel kills it, even if the keeper was
killed. Each restart is reported in a line on standard error.

Only the standard library is imported here, because there are many keepers, and each runs as long as its command.

Not promised: that CMD's own children end, too (CMD must stop them), and, on systems other than Linux, that CMD ends
when the keeper is killed with SIGKILL.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from accompanist import limits

KEEP_WHILE = "ACCOMPANIST_KEEP_WHILE"

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class Keeper:
    """Keeps one command. `run` returns the exit code of the keeper."""

    def __init__(self, command: Sequence[str], pid_file: Path | None = None, watched: int | None = None) -> None:
        self._command = list(command)
        self._pid_file = pid_file
        self._parent = os.getppid()
        self._watched = watched
        self._child: subprocess.Popen[bytes] | None = None
        self._signals, wakeup = socket.socketpair()
        self._signals.setblocking(False)
        wakeup.setblocking(False)
        self._wakeup = wakeup

    def run(self) -> int:
        self._listen_for_signals()
        _die_with_parent(signal.SIGTERM)
        delay_s = 0.0
        while True:
            try:
                self._start()
            except (OSError, subprocess.SubprocessError) as problem:
                print(f"keep: {self._command[0]}: {problem}", file=sys.stderr)
                return 127
            began = time.monotonic()
            if (told := self._wait(None)) is not None:
                return self._stop(told)
            delay_s = 0.0 if time.monotonic() - began >= limits.keep_forgive_s else delay_s
            delay_s = min(max(2 * delay_s, limits.backoff_first_ms / 1000), limits.backoff_cap_ms / 1000)
            print(
                f"keep: {self._name} ended with {self._ending()}; again in {delay_s:g} s", file=sys.stderr, flush=True
            )
            if self._wait(delay_s) is not None:
                return 0

    @property
    def _name(self) -> str:
        """The command on one line of bounded length."""
        return " ".join(" ".join(self._command).split())[: limits.keep_name_chars_max]

    def _start(self) -> None:
        """Start CMD in a process group of its own, so that a signal to our group reaches it only once, from us."""
        keeper = os.getpid()

        def before_exec() -> None:
            _die_with_parent(signal.SIGKILL, keeper)
            if self._pid_file is not None:  # written atomically, before CMD starts
                _write_whole(self._pid_file, f"{os.getpid()}\n")

        self._child = subprocess.Popen(self._command, process_group=0, preexec_fn=before_exec)

    def _wait(self, seconds: float | None) -> signal.Signals | None:
        """Wait until CMD ends (`seconds` is None) or for so many seconds. Returns the signal that told us to stop, if
        one came first."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            if until is None and self._child is not None and self._child.poll() is not None:
                return None
            left = limits.keep_look_s if until is None else until - time.monotonic()
            if left <= 0:
                return None
            select.select([self._signals], [], [], min(left, limits.keep_look_s))
            for number in self._arrived():
                if number in _FORWARDED:
                    return signal.Signals(number)
            if self._orphaned():
                return signal.SIGTERM

    def _stop(self, told: signal.Signals) -> int:
        """Forward the signal and later ones, and wait for CMD to end, for a bounded time."""
        assert self._child is not None
        self._child.send_signal(told)
        until = time.monotonic() + limits.keep_stop_s
        while self._child.poll() is None:
            if time.monotonic() > until:
                self._child.kill()
                self._child.wait()
                break
            select.select([self._signals], [], [], limits.keep_look_s)
            for number in self._arrived():
                if number in _FORWARDED:
                    self._child.send_signal(number)
        if self._pid_file is not None:
            self._pid_file.unlink(missing_ok=True)
        return max(0, self._child.returncode)  # ended by the signal is ended as told

    def _listen_for_signals(self) -> None:
        """Have each signal's number written to a pipe, so that `select` can wait for it and none is lost."""
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        for number in (*_FORWARDED, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def _arrived(self) -> bytes:
        try:
            return self._signals.recv(4096)
        except BlockingIOError:
            return b""

    def _orphaned(self) -> bool:
        if os.getppid() != self._parent:
            return True
        if self._watched is None:
            return False
        try:
            os.kill(self._watched, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def _ending(self) -> str:
        assert self._child is not None and self._child.returncode is not None
        code = self._child.returncode
        return f"code {code}" if code >= 0 else f"signal {-code}"


def _write_whole(file: Path, text: str) -> None:
    """Write a file atomically: it is replaced, and a link is never followed."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "w") as opened:
        opened.write(text)
    draft.replace(file)


def _die_with_parent(number: signal.Signals, parent: int | None = None) -> None:
    """Ask the kernel to signal this process when its parent ends. `parent` may have ended before we asked."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def keep(command: Sequence[str], pid_file: Path | None = None) -> int:
    """Keep `command` running until a signal stops it. Returns the exit code."""
    watched = os.environ.get(KEEP_WHILE, "")
    return Keeper(command, pid_file, int(watched) if watched.isdigit() else None).run()


def main(arguments: Sequence[str]) -> int:
    """Parse `[--pid-file FILE] -- CMD ...` without typer, see `cli.main`."""
    at = list(arguments).index("--")
    options, command = arguments[:at], arguments[at + 1 :]
    if not command or (options and (len(options) != 2 or options[0] != "--pid-file")):
        print("usage: accompanist keep [--pid-file FILE] -- CMD ...", file=sys.stderr)
        return 2
    return keep(command, Path(options[1]) if options else None)
