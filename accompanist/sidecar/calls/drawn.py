"""What the sidecar answers itself, without a worker: the clock, an identifier, chance, and the commit point's record.

A choreography asks for them as `role.now()`, `role.uuid()` and `role.random()`. They differ from run to run, so each is
answered once and logged like a worker's reply before anything that depends on it leaves (Rule 0); a replay takes it
from the log. `role.commit()` has no answer to give: that it is in the log is all of it. Until then a cancel may win,
from then on none does.

Not promised: that two roles' clocks agree, or that one never goes back.
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
    """The JSON bytes of one reading."""
    if what == "role.commit":
        return b"null"
    if what == "role.now":
        return orjson.dumps(clock())
    return orjson.dumps(str(new_id()) if what == "role.uuid" else chance())
