"""How much work something is, counted and not timed, so that a slow machine changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls(run: Callable[[], object]) -> int:
    """How many Python functions `run` calls, itself among them."""
    return _counted(run, "call", sys.getprofile, sys.setprofile)


def lines(run: Callable[[], object]) -> int:
    """How many lines of Python run."""
    return _counted(run, "line", sys.gettrace, sys.settrace)


def _counted(run: Callable[[], object], wanted: str, get: Callable[[], Any], put: Callable[[Any], None]) -> int:
    seen = 0

    def count(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal seen
        seen += event == wanted
        return count

    before = get()
    put(count)
    try:
        run()
    finally:
        put(before)
    return seen
