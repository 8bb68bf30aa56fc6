"""What a sidecar knows of its shards: under which epochs it may write.

The database decides who owns a shard; this is the memory of its last answer. A commit is stamped with the epoch it
was decided under, not with the newest: one that waited while its shard was lost and won back is refused, like any
other of an owner that was paused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from accompanist.runtime.ports import Commit, Lease, LeaseLost


class Fences:
    """Epochs by shard, as of the last `lease`."""

    def __init__(self) -> None:
        self._epochs: Mapping[int, int] = {}

    def epoch(self, shard: int) -> int | None:
        """None: not held."""
        return self._epochs.get(shard)

    def hold(self, leases: Iterable[Lease]) -> None:
        self._epochs = {lease.shard: lease.epoch for lease in leases}

    def needed(self, commits: Sequence[Commit]) -> tuple[list[int], list[int]]:
        """The distinct shards that the commits need and the epoch of each, in order. Raises LeaseLost for those that
        are not held, or are held under another epoch than the one that was decided under."""
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
        shards = sorted(wanted)
        return shards, [wanted[shard] for shard in shards]
