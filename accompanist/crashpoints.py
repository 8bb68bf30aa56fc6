"""Named points at which a test may kill this process, with SIGKILL, from inside.

A process has points only if it was started with ACCOMPANIST_CRASH_DIR and ACCOMPANIST_TESTING=1; the directory alone
is refused, so that a variable left behind never makes a deployment killable. The point `worker.before_commit` of the
service `payment` fires when `<directory>/payment.worker.before_commit` exists: whoever removes the file dies of it, so
one file kills one process once, and the restarted process goes on. SIGKILL leaves no chance to tidy up: no flush, no
rollback, no close. What the operating system does for a dead process is all that happens.

Not promised: a crash of the machine. What the kernel already has survives a killed process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from accompanist.errors import Bug, OperatorError, catalogue

REFUSED = catalogue(
    "ACC520",
    "crash points are not for production",
    "ACCOMPANIST_CRASH_DIR lets whoever can write that directory kill this process, so it works for tests only.",
    "Remove ACCOMPANIST_CRASH_DIR from the environment, or set ACCOMPANIST_TESTING=1 beside it in a test.",
)
UNKNOWN = catalogue(
    "ACC521",
    "no such crash point",
    "Crash points are a closed list, so that a test can name every one of them.",
    "Take a name from accompanist.crashpoints.POINTS, or add it there with a sentence.",
)

POINTS: Mapping[str, str] = {
    "worker.call_received": "A forward call was read and nothing was done yet.",
    "worker.before_commit": "A transaction's effects and its fence record are written, not committed.",
    "worker.after_commit": "A transaction is committed; its reply was not sent.",
    "worker.reply_sent": "The reply was handed to the kernel.",
    "worker.undo_before_commit": "A compensation's effects and its record are written, not committed.",
    "worker.undo_after_commit": "A compensation is committed; its reply was not sent.",
    "worker.close_before_commit": "The session is closed in the fence's transaction, not committed.",
    "worker.close_after_commit": "The closure is committed; what was executed was not told.",
    "sidecar.start_committed": "A start is in the log; the client was not told.",
    "sidecar.message_taken": "A message was taken from the inbox; nothing was decided on it.",
    "sidecar.before_call": "A call is decided and not sent.",
    "sidecar.reply_received": "The worker's reply is here and not in the log.",
    "sidecar.after_commit": "A burst is committed; nothing of it has left.",
    "sidecar.before_close": "An abort is decided; the worker was not asked to close.",
    "sidecar.close_answered": "The worker has closed; no vote is in the log.",
    "sidecar.vote_committed": "The vote is in the log; nobody was told.",
    "sidecar.undo_answered": "A compensation was answered; its mark is not in the log.",
    "sidecar.settle_committed": "The settlement is in the log; nobody was told.",
}

_armed: tuple[Path, str] | None = None


def arm(service: str, environment: Mapping[str, str] | None = None) -> bool:
    """Arm this process's points if its environment asks for it; say so once at start. Raises OperatorError."""
    global _armed
    environment = os.environ if environment is None else environment
    directory = environment.get("ACCOMPANIST_CRASH_DIR")
    _armed = None
    if not directory:
        return False
    if environment.get("ACCOMPANIST_TESTING") != "1":
        raise OperatorError(REFUSED, "ACCOMPANIST_CRASH_DIR is set and ACCOMPANIST_TESTING is not 1")
    _armed = (Path(directory), service)
    return True


def reached(point: str) -> None:
    """Die here if a test asked for it."""
    if _armed is not None:
        _fire(*_armed, point)


def _fire(directory: Path, service: str, point: str) -> None:
    if point not in POINTS:
        raise Bug(UNKNOWN, f"{point!r} is not a crash point")
    try:
        (directory / f"{service}.{point}").unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
