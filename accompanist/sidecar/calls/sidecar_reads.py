"""Calls that the sidecar answers itself: clock, identifier, random number, and the record of the commit point.

A choreography makes them as `role.now()`, `role.uuid()` and `role.random()`. Their values differ from run to run, so
each is read once and logged like a worker's reply before anything that depends on it leaves (Rule 0); a replay takes it
from the log. `role.commit()` has no value: only its record in the log matters. Before the record a cancel may be
granted, after it none is.

Not promised: that two roles' clocks agree, or that a clock never goes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID, uuid4

import orjson

READS = frozenset({"role.now", "role.uuid", "role.random", "role.commit"})


def read(
    what: str,
    chance: Callable[[], float],
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], UUID] = uuid4,
) -> bytes:
    """The JSON bytes of one value."""
    if what == "role.commit":
        return b"null"
    if what == "role.now":
        return orjson.dumps(clock())
    return orjson.dumps(str(new_id()) if what == "role.uuid" else chance())
