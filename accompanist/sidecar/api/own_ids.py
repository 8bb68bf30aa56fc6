"""Draws the id of a new session from the shards that this sidecar holds.

A session runs at the sidecar that holds the shard of its id. If that is the sidecar that takes the start, the start is
handed over in memory, and the client that waits is answered from memory.

Not promised: that the shard is held. Where none is held, or none was drawn, the id may be in any shard: then another
sidecar of the service runs the session, and wakes whoever waits for its end (`sidecar.api.waiters`).
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from accompanist import limits


def own_id(new_id: Callable[[], UUID], holds: Callable[[UUID], bool]) -> UUID:
    """An id that `new_id` gives and whose shard is held, by `holds`; after `id_draws_max` draws any id.

    Ids are drawn until one fits, so those that come of it are as random as `new_id` makes them."""
    for _ in range(limits.id_draws_max - 1):
        if holds(drawn := new_id()):
            return drawn
    return new_id()
