"""Sizes a connection pool within the connection limit of its login.

A login may have a limit on its connections (`log.provision` sets one, an operator may set another). A connection beyond
it is refused, which looks like a server that does not answer. So a pool reads the limit before it opens, and leaves
connections for the rest: the listener, the notifier, and people who look.

Not promised: that several processes of one login share its limit. Each takes as many as it needs, as if it were alone;
`accompanist doctor` reports if that is more than the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.log")

# a superuser has no limit
_BOUND = "SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user AND rolconnlimit >= 0 AND NOT rolsuper"


async def affordable(most: int, beside: int, at: Mapping[str, Any], told: Mapping[str, str]) -> int:
    """How many connections a pool may open, at most `most`, if `beside` connections are needed for other purposes.
    Opens a connection to ask, with the driver's arguments `at` and the server settings `told`. Raises what the driver
    raises."""
    connection = await asyncpg.connect(**at, command_timeout=limits.log_command_s, server_settings=dict(told))
    try:
        bound = await connection.fetchval(_BOUND)
    finally:
        await connection.close(timeout=limits.end_s)
    count = share(most, beside, bound)
    if count < most:
        logger.warning("pool.bounded", count=count, limit=bound)
    return count


def share(most: int, beside: int, bound: int | None) -> int:
    """The pool's share of a limit; None means no limit. A small minimum is kept, because in a pool of one connection
    every statement would wait for every other."""
    return most if bound is None else max(min(limits.pool_connections_min, most), min(most, bound - beside))
