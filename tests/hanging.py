"""A test that hangs fails, with the stacks of all threads and its name, so the job ends.

The name comes last, because a log that was cut still has its end.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Generator

import pytest

TEST_S = 480.0
"""What one test may take, on a slow machine that does other things too."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch one test."""
    watch = threading.Timer(TEST_S, _end, (item,))
    watch.daemon = True
    watch.start()
    try:
        return (yield)
    finally:
        watch.cancel()


def _end(item: pytest.Item) -> None:
    """Nothing else gets out of a test that hangs: neither an exception nor a signal's handler has to reach it."""
    told = told_of(item.nodeid)
    capturing = item.config.pluginmanager.getplugin("capturemanager")
    if capturing is not None:  # what it holds back would be lost
        capturing.suspend_global_capture()
    if hasattr(item.config, "workerinput"):  # one of several processes, whose output is nobody's
        sys.stderr.write(told)
        sys.stderr.flush()
    else:
        item.config.get_terminal_writer().write(told, flush=True)
    os._exit(1)


def told_of(nodeid: str) -> str:
    """The stacks of this process's threads, and which test it is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    stacks = [
        f"\nthread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()
        if ident != threading.get_ident()
    ]
    return f"{''.join(stacks)}\n{nodeid} is not over after {TEST_S:.0f} s\n"
