"""Runs a cluster in the foreground, until a signal comes, its parent ends, or honcho does."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from types import FrameType

from accompanist import limits
from accompanist.cli.local.cluster import PR_SET_PDEATHSIG, LocalCluster


class _Ending(Exception):
    """A signal asked for the end."""


def until_told(
    up: AbstractContextManager[LocalCluster],
    announce: Callable[[LocalCluster], None],
    each_turn: Callable[[LocalCluster], None] = lambda running: None,
) -> int:
    """Run until a signal comes, the parent ends, or honcho ends; the exit code. `announce` is called when all is up,
    `each_turn` then again and again. Raises NotStarted, PostgresAbsent and AccompanistError.

    Call it in the main thread, once: it takes the process's signals."""
    parent = os.getppid()

    def told(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough: what follows is the orderly end
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Ending

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, told)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    try:
        with up as running:
            announce(running)
            while os.getppid() == parent:
                with suppress(subprocess.TimeoutExpired):
                    return running.processes[-1].wait(limits.local_look_s)
                each_turn(running)
    except _Ending:
        return 0
    return 0
