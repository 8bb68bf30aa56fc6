"""Peers that begin more sessions here than they may have open: each meets its own bound, the others go on.

Every `crowd_look_ms` the log is asked who has `sessions_per_peer_max` open or more. From then on, until it is asked
again, what would begin another session of theirs is answered `full`: it stays in the peer's outbox, and comes when some
have ended. What is under way goes on.

Not promised: that the bound is never exceeded. Between two looks a peer begins what it can, and what was taken into the
inbox before is begun too; that is bounded by `inbox_early_rows_max`. Nor that sessions of two services, both of which
are full for each other, end by themselves: where those that are open wait for such that may not begin, a deadline or an
operator's cancel lets them go.
"""

from __future__ import annotations

import structlog

from accompanist import limits
from accompanist.runtime.ports import Log

logger = structlog.get_logger("accompanist.crowds")


class Crowds:
    """Who was too many when it was last looked."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._crowded: set[str] = set()

    async def step(self) -> None:
        """Look, and say what has changed. Raises LogUnavailable."""
        crowded = set(await self._log.crowd(limits.sessions_per_peer_max))
        for peer in sorted(crowded - self._crowded):
            logger.warning("peer.crowded", peer=peer, limit=limits.sessions_per_peer_max)
        for peer in sorted(self._crowded - crowded):
            logger.info("peer.has_room", peer=peer)
        self._crowded = crowded
