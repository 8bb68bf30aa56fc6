"""How many of its login's connections a process takes.

A login may have a bound on its connections (`log.provision` gives it one, an operator another). Whoever opens more is
refused, which looks like a server that does not answer. So a pool asks for the bound before it opens, and leaves what
stands beside it: a sidecar listens, notifies, and somebody looks.

Not promised: that several processes of one login share its bound. Each takes as if it were alone, as far as it has
need of it; `accompanist doctor` says where that is more than there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog

from accompanist import limits

logger = structlog.get_logger("accompanist.log")

# nothing bounds a superuser
_BOUND = "SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user AND rolconnlimit >= 0 AND NOT rolsuper"


async def taken(most: int, beside: int, at: Mapping[str, Any], told: Mapping[str, str]) -> int:
    """How many connections a pool may open that would open `most`, where `beside` are needed for other things. Asks
    over a connection of its own, by the driver's arguments and `told` as server settings. Raises what the driver
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
    """Of a bound; None: there is none. A pool of one would make everything wait for everything."""
    return most if bound is None else max(min(limits.pool_connections_min, most), min(most, bound - beside))
