"""What a role reads of the world itself: the clock, an identifier, chance.

A choreography asks for them as `role.now()`, `role.uuid()` and `role.random()`. They differ from run to run, so each is
answered once, by the sidecar, and logged like a worker's reply before anything that depends on it leaves (Rule 0); a
replay takes it from the log.

Not promised: that two roles' clocks agree, or that one never goes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID, uuid4

import orjson

READS = frozenset({"role.now", "role.uuid", "role.random"})


def read(
    what: str,
    chance: Callable[[], float],
    clock: Callable[[], float] = time.time,
    new_id: Callable[[], UUID] = uuid4,
) -> bytes:
    """The JSON bytes of one reading."""
    if what == "role.now":
        return orjson.dumps(clock())
    return orjson.dumps(str(new_id()) if what == "role.uuid" else chance())
