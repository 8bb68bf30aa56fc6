"""The shards that a sidecar holds, with their epochs, and their sessions in memory.

A session in memory belongs to one epoch: that of its shard when it was loaded. When the shard is acquired again, or by
another sidecar, the session is dropped; its unwritten commits are refused because of their old epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from accompanist import limits
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.asking import Asking
from accompanist.sidecar.sessions.deferred_rows import DeferredRows
from accompanist.sidecar.sessions.freshness import Freshness, Key, shard_of


class Holding:
    """The shards and sessions of one sidecar."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self._epochs: dict[int, int] = {}
        """The shards that are held, with their epochs."""
        self._sessions: dict[Key, Session] = {}
        self._whole: set[UUID] = set()
        """Sagas that started here and have had all their sessions in memory since. A role of such a saga that is not in
        memory has not begun."""
        self._dirty = DeferredRows(self._write_out)
        self._committing: Counter[Key] = Counter()
        self._evict_above = 0
        self._lost: set[int] = set()
        self.unhosted: dict[Key, str] = {}
        """Open sessions whose version is not hosted here, or not yet (`sidecar.versions`), with its fingerprint."""
        self._left: set[Key] = set()
        """Open sessions that are not in memory, without the dormant ones."""
        self._freshness = Freshness()

    def holds(self, session: UUID) -> bool:
        return self.epoch_of(session) is not None

    def epoch_of(self, session: UUID) -> int | None:
        """The epoch of the session's shard; None if it is not held here."""
        return self._epochs.get(shard_of(session))

    def hold(self, epochs: Mapping[int, int]) -> frozenset[int]:
        """Set the shards that are held from now on, with their epochs. Returns the newly acquired ones. Sessions of
        other shards are dropped, and so are those of newly acquired ones: another sidecar may have held the shard, and
        the old epoch's decisions can no longer be written."""
        anew = frozenset(shard for shard, epoch in epochs.items() if self._epochs.get(shard) != epoch)
        self._epochs = dict(epochs)
        self._freshness.acquired(anew)
        self.asking.acquired(anew)
        kept = epochs.keys() - anew  # a sweep loads the open sessions of the new ones again
        for session in [one for key, one in self._sessions.items() if shard_of(key[0]) not in kept]:
            self._drop(session)
        self._left = {key for key in self._left if shard_of(key[0]) in kept}
        self.unhosted = {key: version for key, version in self.unhosted.items() if self.holds(key[0])}
        return anew

    def about_to_take(self) -> None:
        """A `take` of the inbox begins."""
        self._freshness.asks(self._epochs)

    def taken_in(self) -> None:
        """The answer of the `take` was handled, or there will be none."""
        self._freshness.answered()

    def due_since(self, shard: int) -> int:
        """A number to pass to `swept`, taken before the sweep begins."""
        return self._freshness.due_since(shard)

    def swept(self, shard: int, since: int) -> None:
        """All sessions that were open in a shard when its sweep began were loaded."""
        self._freshness.all_swept(shard, since)

    def take_lost(self) -> set[int]:
        """Take the shards that have to be swept because a commit of one of their sessions was refused."""
        lost, self._lost = self._lost, set()
        return lost

    def _admit(self, session: Session, *, starts: bool = False) -> None:
        if starts:
            self._whole.add(session.header.session)
        session.epoch = self._epochs.get(shard_of(session.header.session))
        self._sessions[session.key] = session
        self._left.discard(session.key)
        self.unhosted.pop(session.key, None)
        self._evict()

    def _evict(self) -> None:
        """Evict idle sessions, the oldest first, when there are too many in memory."""
        if len(self._sessions) <= max(limits.sessions_in_memory_max, self._evict_above):
            return
        for key, session in list(self._sessions.items())[: limits.sessions_in_memory_max // 10 + 1]:
            # a session that is over leaves by itself once its last commit is done
            under_way = key in self._dirty or key in self._committing or session.lacking is not None
            if session.idle and not session.final and not under_way:
                self._drop(session)
                self._left.add(key)
        # if none could be evicted, do not search again at once
        self._evict_above = len(self._sessions) + limits.sessions_in_memory_max // 20

    def _give_up(self, session: Session) -> None:
        """Drop a session after a refused commit: its shard's lease was lost, or this sidecar is stopping. The next
        sweep of the shard, here or elsewhere, finds everything that was committed."""
        self._look_again(session.header.session)
        self._drop(session)

    def _look_again(self, session: UUID) -> None:
        """Have the session's shard swept. Until then, a message for it must not begin it as a new session."""
        self._lost.add(shard_of(session))
        self._freshness.due([shard_of(session)])

    def _drop(self, session: Session) -> None:
        """Remove a session from memory, unless another run of it has taken its place."""
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]
            self._whole.discard(session.header.session)
            self._freshness.left(session.key)
            self._dirty.forget(session)
            self.asking.drop(session)

    def session(self, session: UUID, role: str) -> Session | None:
        """The session at a role, if it is in memory."""
        return self._sessions.get((session, role))

    def standing(self) -> tuple[dict[str, int], int]:
        """The number of sessions in memory by phase, and the number of parked ones."""
        phases = dict.fromkeys(Phase, 0)
        parked = 0
        for session in self._sessions.values():
            phases[session.row.phase] += 1
            parked += session.row.parked is not None
        return {phase.value: count for phase, count in phases.items()}, parked

    @property
    def open_sessions(self) -> int:
        return len(self._sessions)

    def _write_out(self, session: Session) -> None:
        """Write the row of a session that has uncommitted changes."""
        raise NotImplementedError
