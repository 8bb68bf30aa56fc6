"""Limits of calls: how many may be at a worker at once and begin in a second, and who of those that wait is next.

A limit is for all sidecars of a service together, and no process keeps count for all. Each sidecar has a share of it
that follows from what its lease says: how many shards it holds, and how many sidecars there are.

    at once        one call for each sidecar, and what is left of the limit by shards held
    in a second    a sixteenth of the limit evenly, and the rest by shards held

Shards are held by one sidecar each, so the shares add up to the limit at most.

A place is taken for one attempt, and a call under two limits takes its places in one order: limits cannot deadlock. Who
is `first` (compensations, and calls at and after the commit point) goes before all others, so that what has begun ends,
whatever comes.

Not promised: a limit of fewer calls at once than there are sidecars, since each makes one. The exact sum while sidecars
come and go: until all have renewed their leases, one call more for each that came; and after a take-over the calls that
the former holder has sent and that still run. `per_second` to the call: what was not used is saved up to a twentieth of
a second's worth, one call at least.

Pure: time is in seconds by a monotonic clock of the caller's.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import msgspec

from accompanist import limits

EVEN = 1 / 16
"""The part of a rate that is shared evenly, so that who holds no shard can still end what it has begun."""

_ALL_BUT = 1e-6
"""A call may begin this much of a call too early: a timer is no more exact than the clock."""

T = TypeVar("T")


class CallLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of `[service.NAME.limit]` for one operation, or for all calls of a worker under `*`.

    `max_in_flight`: calls at the worker at once; `per_second`: calls that begin in a second; None: as many as come.
    `waiting_max`: calls that wait at one sidecar, beyond which it takes no start of a saga that makes such calls."""

    max_in_flight: int | None = None
    per_second: float | None = None
    waiting_max: int = limits.calls_waiting_max

    def __post_init__(self) -> None:
        for name in ("max_in_flight", "waiting_max"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1")
        if self.per_second is not None and not 0 < self.per_second < float("inf"):
            raise ValueError("per_second is more than 0")
        if self.max_in_flight is None and self.per_second is None:
            raise ValueError("max_in_flight or per_second is needed")


def in_flight_share(limit: int, held: int, sidecars: int, shards: int = limits.shards_count) -> int:
    """The calls at once of a sidecar that holds `held` of the shards; at least one."""
    return 1 + max(0, limit - sidecars) * held // shards


def rate_share(limit: float, held: int, sidecars: int, shards: int = limits.shards_count) -> float:
    """The calls in a second of a sidecar that holds `held` of the shards; more than none."""
    return limit * (EVEN / sidecars + (1 - EVEN) * held / shards)


class Admission(Generic[T]):
    """The calls under one limit at one sidecar. `now`: seconds, as in all its methods."""

    def __init__(self, limit: CallLimit, now: float) -> None:
        self._limit = limit
        self._first: deque[T] = deque()
        self._others: deque[T] = deque()
        self._saved = 1.0
        self._saved_at = now
        self._held, self._sidecars = 0, 1
        self.in_flight = 0

    @property
    def waiting(self) -> int:
        return len(self._first) + len(self._others)

    @property
    def full(self) -> bool:
        """Whether as many wait as may."""
        return self.waiting >= self._limit.waiting_max

    def share(self, held: int, sidecars: int, now: float) -> None:
        """Set how many shards are held here from now on, and how many sidecars there are."""
        self._save(now)
        self._held, self._sidecars = held, max(1, sidecars)

    def wait(self, who: T, *, first: bool) -> None:
        """Wait for a place. Those who wait are different."""
        (self._first if first else self._others).append(who)

    def withdraw(self, who: T) -> None:
        """Wait no more."""
        for queue in (self._first, self._others):
            if who in queue:
                queue.remove(who)

    def left(self) -> None:
        """An admitted call has ended."""
        self.in_flight -= 1

    def next(self, now: float) -> T | None:
        """Who has a place now; it waits no more. None: nobody, for now."""
        self._save(now)
        if not self.waiting or not self._has_room() or self._missing_s() > 0:
            return None
        if self._limit.per_second is not None:
            self._saved -= 1.0
        self.in_flight += 1
        return (self._first or self._others).popleft()

    def due_s(self, now: float) -> float | None:
        """In how many seconds to ask `next` again. None: not before a call ends, or somebody waits."""
        self._save(now)
        return self._missing_s() if self.waiting and self._has_room() else None

    def _has_room(self) -> bool:
        most = self._limit.max_in_flight
        return most is None or self.in_flight < in_flight_share(most, self._held, self._sidecars)

    def _missing_s(self) -> float:
        """How long it takes until a call may begin by the rate."""
        if self._limit.per_second is None or self._saved >= 1.0 - _ALL_BUT:
            return 0.0
        return (1.0 - self._saved) / rate_share(self._limit.per_second, self._held, self._sidecars)

    def _save(self, now: float) -> None:
        """Add what the rate has allowed since the last time."""
        passed, self._saved_at = max(0.0, now - self._saved_at), now
        if self._limit.per_second is not None:
            rate = rate_share(self._limit.per_second, self._held, self._sidecars)
            self._saved = min(max(1.0, rate * limits.calls_saved_ms / 1000), self._saved + rate * passed)
