"""Peers that have more here than they may: each meets its own bound, the others go on.

Every `crowd_look_ms` the log is asked who has reached which bound, and notes it. From then on, until it is asked again,
messages of theirs are answered `full` and stay in the peer's own outbox:

    sessions   `sessions_per_peer_max` that it began are open: it begins no further one until some have ended
    waiting    `waiting_rows_per_peer_max` of its messages wait here, of versions that are not hosted, say, or with no
               sidecar to take them: none of it begins a session, or ends one that is unknown, until some were taken up
    undoing    `undoing_per_peer_max` aborts and cancels came in `undoing_ms`: none is taken for an unknown session

What is under way goes on. The messages that peers may have waiting fit, all peers together, into what may wait here at
all; when that is reached all the same, nobody can begin anything, and the sidecar is not ready.

Not promised: that a bound is never exceeded. Between two looks a peer begins what it can. Nor that sessions of two
services, both of which are full for each other, end by themselves: where those that are open wait for such that may not
begin, a deadline or an operator's cancel lets them go.
"""

from __future__ import annotations

import structlog

from accompanist import limits
from accompanist.runtime.log import PeerPort
from accompanist.runtime.ports import Bounds, Reached

logger = structlog.get_logger("accompanist.crowds")


class Crowds:
    """Who had reached a bound when it was last looked. `peers`: how many share what may wait here."""

    def __init__(self, log: PeerPort, peers: int = 1) -> None:
        self._log = log
        self._peers = peers
        self._crowded: set[tuple[str, Reached]] = set()

    @property
    def full(self) -> bool:
        """Whether nobody's sessions can begin here, also our own clients' not."""
        return ("", Reached.WAITING) in self._crowded

    async def step(self) -> None:
        """Look, and say what has changed. Raises LogUnavailable."""
        bounds = Bounds(
            sessions=limits.sessions_per_peer_max,
            waiting=min(limits.waiting_rows_per_peer_max, limits.inbox_early_rows_max // max(1, self._peers)),
            undoing=limits.undoing_per_peer_max,
        )
        limit = {
            Reached.SESSIONS: bounds.sessions,
            Reached.WAITING: bounds.waiting,
            Reached.UNDOING: bounds.undoing,
        }
        crowded = set(await self._log.crowd(bounds))
        for peer, reached in sorted(crowded - self._crowded):
            logger.warning("peer.crowded", peer=peer or "all", bound=reached.value, limit=limit[reached])
        for peer, reached in sorted(self._crowded - crowded):
            logger.info("peer.has_room", peer=peer or "all", bound=reached.value)
        self._crowded = crowded
