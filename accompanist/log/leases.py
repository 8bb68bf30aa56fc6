"""The shards that a sidecar holds, with the epochs under which it may write.

The database decides who owns a shard; this is its last answer. A commit carries the epoch under which it was decided,
not the newest one. So a commit that waited while its shard was lost and acquired again is refused, like any commit of a
paused owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from accompanist.runtime.ports import Commit, Lease, LeaseLost


class HeldEpochs:
    """Epochs by shard, as of the last `lease`."""

    def __init__(self) -> None:
        self._epochs: Mapping[int, int] = {}

    def epoch(self, shard: int) -> int | None:
        """The epoch of a shard; None if it is not held."""
        return self._epochs.get(shard)

    def hold(self, leases: Iterable[Lease]) -> None:
        self._epochs = {lease.shard: lease.epoch for lease in leases}

    def needed(self, commits: Sequence[Commit]) -> dict[int, int]:
        """The epoch of each shard that the commits need, in the order of the shards. Raises LeaseLost for shards that
        are not held, or are held under another epoch than the commit's own."""
        wanted: dict[int, int] = {}
        lost: set[int] = set()
        for commit in commits:
            if commit.shard is None:
                continue
            epoch = self._epochs.get(commit.shard)
            if epoch is None or (commit.epoch is not None and commit.epoch != epoch):
                lost.add(commit.shard)
            else:
                wanted[commit.shard] = epoch
        if lost:
            raise LeaseLost(sorted(lost))
        return {shard: wanted[shard] for shard in sorted(wanted)}
