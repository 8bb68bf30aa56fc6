"""The shards that a sidecar holds, with their epochs, and the sessions of those shards.

A session in memory belongs to one epoch: that of its shard when it was loaded. When the shard is acquired again, or by
another sidecar, the session is dropped; its unwritten commits are refused because of their old epoch.

Not promised: that a shard which counts as held still is. A lease may have expired; the next commit tells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

from accompanist import limits
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import Freshness, Key, shard_of
from accompanist.sidecar.sessions.residence import Residence, ResidenceMove, Residences


class Holding:
    """The shards and sessions of one sidecar. `acquired` is called with newly acquired shards, `dropped` with each
    session that has left memory."""

    def __init__(self, acquired: Callable[[Iterable[int]], None], dropped: Callable[[Session], None]) -> None:
        self._acquired = acquired
        self._dropped = dropped
        self.residences = Residences()
        self.freshness = Freshness()
        self._epochs: dict[int, int] = {}
        """The shards that are held, with their epochs."""
        self._whole: set[UUID] = set()
        """Sagas that started here and have had all their sessions in memory since."""
        self._lost: set[int] = set()

    def holds(self, session: UUID) -> bool:
        return self.epoch_of(session) is not None

    def epoch_of(self, session: UUID) -> int | None:
        """The epoch of the session's shard; None if it is not held here."""
        return self._epochs.get(shard_of(session))

    def holds_any(self, last_bytes: Collection[int]) -> bool:
        """Whether a session whose id has one of these last bytes is in a shard that is held."""
        return any(byte % limits.shards_count in self._epochs for byte in last_bytes)

    @property
    def holds_all(self) -> bool:
        """Whether all shards are held here, so that no other sidecar runs sessions of this service."""
        return len(self._epochs) == limits.shards_count

    def gains(self, epochs: Mapping[int, int]) -> bool:
        """Whether `hold` with these would acquire shards."""
        return any(self._epochs.get(shard) != epoch for shard, epoch in epochs.items())

    def hold(self, epochs: Mapping[int, int]) -> frozenset[int]:
        """Set the shards that are held from now on, with their epochs. Returns the newly acquired ones. Sessions of
        other shards are dropped, and so are those of newly acquired ones: another sidecar may have held the shard, and
        the old epoch's decisions can no longer be written."""
        anew = frozenset(shard for shard, epoch in epochs.items() if self._epochs.get(shard) != epoch)
        self._epochs = dict(epochs)
        self.freshness.acquired(anew)
        self._acquired(anew)
        kept = epochs.keys() - anew  # a sweep loads the open sessions of the new ones again
        for session in [one for key, one in self.residences.live.items() if shard_of(key[0]) not in kept]:
            self.drop(session)
        for key in self.residences.keys(Residence.EVICTED, Residence.UNHOSTED):
            # one that misses its version is still to be seen until the sweep finds it again
            evicted = self.residences.state(key) is Residence.EVICTED
            if shard_of(key[0]) not in (kept if evicted else epochs):
                self.residences.move(key, ResidenceMove.FORGET)
        return anew

    def about_to_take(self) -> None:
        """A `take` of the inbox begins."""
        self.freshness.asks(self._epochs)

    def taken_in(self) -> None:
        """The answer of the `take` was handled, or there will be none."""
        self.freshness.answered()

    def due_since(self, shard: int) -> int:
        """A number to pass to `swept`, taken before the sweep begins."""
        return self.freshness.due_since(shard)

    def swept(self, shard: int, since: int) -> None:
        """All sessions that were open in a shard when its sweep began were loaded."""
        self.freshness.all_swept(shard, since)

    def take_lost(self) -> set[int]:
        """Take the shards that have to be swept because a commit of one of their sessions was refused."""
        lost, self._lost = self._lost, set()
        return lost

    def admit(self, session: Session, *, starts: bool = False) -> None:
        """Take a session into memory under its shard's epoch. `starts`: its saga starts here."""
        self.residences.admit(session)
        session.epoch = self.epoch_of(session.header.session)
        if starts:
            self._whole.add(session.header.session)

    def is_whole(self, session: UUID) -> bool:
        """Whether a saga started here and has had all its sessions in memory since: then a role of it that is not in
        memory has not begun."""
        return session in self._whole

    def drop(self, session: Session, by: ResidenceMove = ResidenceMove.LEAVE) -> bool:
        """Remove a session from memory, unless another run of it has taken its place. Returns whether it was removed.
        After a `RELOAD` or an `EVICT` it is still known to be open."""
        if not self.residences.is_live(session):
            return False
        self.residences.move(session.key, by)
        self._whole.discard(session.header.session)
        self.freshness.left(session.key)
        self._dropped(session)
        return True

    def give_up(self, session: Session) -> None:
        """Drop a session after a refused commit: its shard's lease was lost, or this sidecar is stopping. The next
        sweep of the shard, here or elsewhere, finds everything that was committed."""
        self.look_again(session.header.session)
        self.drop(session)

    def look_again(self, session: UUID) -> None:
        """Have the session's shard swept. Until then, a message for it must not begin it as a new session."""
        self._lost.add(shard_of(session))
        self.freshness.due([shard_of(session)])

    def session(self, key: Key) -> Session | None:
        """The session at a role, if it is in memory."""
        return self.residences.live.get(key)

    def standing(self) -> tuple[dict[str, int], int]:
        """The number of sessions in memory by phase, and the number of parked ones."""
        phases = dict.fromkeys(Phase, 0)
        parked = 0
        for session in self.residences.live.values():
            phases[session.row.phase] += 1
            parked += session.row.parked is not None
        return {phase.value: count for phase, count in phases.items()}, parked

    @property
    def open_sessions(self) -> int:
        return len(self.residences.live)
