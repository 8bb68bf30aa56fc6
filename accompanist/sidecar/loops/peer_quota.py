"""Quotas of peers: a peer that has used up a quota gets backpressure, while the others go on.

Every `crowd_look_ms` the log finds the peers that have used up a quota, and records them. Until the next check, some of
their messages are answered `full` and stay in the peer's own outbox:

    sessions   `sessions_per_peer_max` sessions that it began are open: it begins no more until some are over
    waiting    `waiting_rows_per_peer_max` of its messages wait here, e.g. of versions that are not hosted, or because
    no
               sidecar runs: it begins no session, and leaves no tombstone, until some were taken up
    undoing    `undoing_per_peer_max` aborts and cancels came within `undoing_ms`: it leaves no more tombstones

Open sessions go on. The `waiting` quotas of all peers together fit into the inbox's own limit. If that limit is reached
all the same, no session can begin here, and the sidecar is not ready.

Not promised: that a quota is never exceeded: between two checks a peer may begin more. Nor that two services which are
`full` for each other recover by themselves: open sessions may wait for sessions that may not begin, until a deadline or
an operator's cancel ends them.
"""

from __future__ import annotations

import structlog

from accompanist import limits
from accompanist.runtime.log import PeerPort
from accompanist.runtime.ports import QuotaLimits, ReachedQuota

logger = structlog.get_logger("accompanist.crowds")


class PeerQuotas:
    """The peers that had used up a quota at the last check. `peers`: the number of peers that share the inbox."""

    def __init__(self, log: PeerPort, peers: int = 1) -> None:
        self._log = log
        self._peers = peers
        self._full_peers: set[tuple[str, ReachedQuota]] = set()

    @property
    def full(self) -> bool:
        """Whether no session can begin here, not even for our own clients."""
        return ("", ReachedQuota.WAITING) in self._full_peers

    def crowded(self, peer: str) -> bool:
        """Whether a peer may begin no session here."""
        none = (ReachedQuota.SESSIONS, ReachedQuota.WAITING)
        return self.full or any((peer, reached) in self._full_peers for reached in none)

    async def step(self) -> None:
        """Check the quotas, and log what has changed. Raises LogUnavailable."""
        bounds = QuotaLimits(
            sessions=limits.sessions_per_peer_max,
            waiting=min(limits.waiting_rows_per_peer_max, limits.inbox_early_rows_max // max(1, self._peers)),
            undoing=limits.undoing_per_peer_max,
        )
        limit = {
            ReachedQuota.SESSIONS: bounds.sessions,
            ReachedQuota.WAITING: bounds.waiting,
            ReachedQuota.UNDOING: bounds.undoing,
        }
        full_peers = set(await self._log.crowd(bounds))
        for peer, reached in sorted(full_peers - self._full_peers):
            logger.warning("peer.crowded", peer=peer or "all", bound=reached.value, limit=limit[reached])
        for peer, reached in sorted(self._full_peers - full_peers):
            logger.info("peer.has_room", peer=peer or "all", bound=reached.value)
        self._full_peers = full_peers
