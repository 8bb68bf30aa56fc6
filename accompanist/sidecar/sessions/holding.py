"""What a sidecar holds: its shards, the epoch of each, and the sessions of them that are in memory.

A session in memory is of one epoch: that under which its shard was held when it was taken up. When the shard is held
anew, or by another, the session is dropped as it is; what it had decided and not written is refused by that epoch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from accompanist import limits
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.asking import Asking
from accompanist.sidecar.sessions.deferred_rows import Lazily
from accompanist.sidecar.sessions.freshness import Key, News, shard_of


class Holding:
    """The shards and sessions of one sidecar."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self._epochs: dict[int, int] = {}
        """The shards that are ours, and the epoch under which each is."""
        self._sessions: dict[Key, Session] = {}
        self._whole: set[UUID] = set()
        """Sagas that started here, and of which no session has left memory since. A role of one that is not in memory
        has not begun."""
        self._dirty = Lazily(self._write_out)
        self._committing: Counter[Key] = Counter()
        self._evict_above = 0
        self._lost: set[int] = set()
        self.unhosted: dict[Key, str] = {}
        """Open sessions whose program is not hosted here, or not yet (`sidecar.versions`), with its fingerprint."""
        self._left: set[Key] = set()
        """Sessions that are open but not in memory, without those that wait for time or events."""
        self._news = News()

    def holds(self, session: UUID) -> bool:
        return self.epoch_of(session) is not None

    def epoch_of(self, session: UUID) -> int | None:
        """The epoch under which its shard is held here; None: it is not."""
        return self._epochs.get(shard_of(session))

    def hold(self, epochs: Mapping[int, int]) -> frozenset[int]:
        """The shards that are ours from now on, and the epoch of each; answers those that are ours anew. Sessions of
        others are dropped as they are, and so are those of a shard that is ours anew: it may have been somebody else's,
        and what they decided under the old epoch cannot be written any more."""
        anew = frozenset(shard for shard, epoch in epochs.items() if self._epochs.get(shard) != epoch)
        self._epochs = dict(epochs)
        self._news.acquired(anew)
        self.asking.acquired(anew)
        kept = epochs.keys() - anew  # the sweep of the others brings all that is open in them back
        for session in [one for key, one in self._sessions.items() if shard_of(key[0]) not in kept]:
            self._drop(session)
        self._left = {key for key in self._left if shard_of(key[0]) in kept}
        self.unhosted = {key: version for key, version in self.unhosted.items() if self.holds(key[0])}
        return anew

    def about_to_take(self) -> None:
        """The inbox is asked now; its answer comes with `take`."""
        self._news.asks(self._epochs)

    def taken_in(self) -> None:
        """That answer has come, or none will."""
        self._news.answered()

    def due_since(self, shard: int) -> int:
        """To be given back to `swept`."""
        return self._news.due_since(shard)

    def swept(self, shard: int, since: int) -> None:
        """All that was open in a shard when its sweep began has been taken up."""
        self._news.all_swept(shard, since)

    def take_lost(self) -> set[int]:
        """Shards of sessions that were dropped because a commit of theirs was refused; they are due a sweep."""
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
        """Let idle sessions leave memory, oldest first, when there are too many."""
        if len(self._sessions) <= max(limits.sessions_in_memory_max, self._evict_above):
            return
        for key, session in list(self._sessions.items())[: limits.sessions_in_memory_max // 10 + 1]:
            # one that is over leaves by itself, when that is in the log
            under_way = key in self._dirty or key in self._committing or session.lacking is not None
            if session.idle and not session.final and not under_way:
                self._drop(session)
                self._left.add(key)
        # where nothing could leave, looking again at every session would be for nothing
        self._evict_above = len(self._sessions) + limits.sessions_in_memory_max // 20

    def _give_up(self, session: Session) -> None:
        """A commit was refused: the lease of the shard ended under it, or this sidecar is going. Whoever sweeps the
        shard next, which may be this sidecar, finds all that was committed."""
        self._look_again(session.header.session)
        self._drop(session)

    def _look_again(self, session: UUID) -> None:
        """Its shard is due a sweep; what comes for it until then does not begin it anew."""
        self._lost.add(shard_of(session))
        self._news.due([shard_of(session)])

    def _drop(self, session: Session) -> None:
        """Forget a session, unless another run of it has taken its place in memory."""
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]
            self._whole.discard(session.header.session)
            self._news.left(session.key)
            self._dirty.forget(session)
            self.asking.drop(session)

    def session(self, session: UUID, role: str) -> Session | None:
        """The session at a role, if it is in memory."""
        return self._sessions.get((session, role))

    def standing(self) -> tuple[dict[str, int], int]:
        """How many sessions in memory stand at each phase, and how many of them are parked."""
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
        """Write the row of a session that changed and was not committed."""
        raise NotImplementedError
