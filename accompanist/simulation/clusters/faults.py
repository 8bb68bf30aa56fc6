"""Fault injection for a simulated cluster: every fault is drawn from the seed.

Each kind has a random stream of its own. So leaving one kind out changes no draw of the others, and a failing run can
be made smaller. A run does not use all kinds at once: each seed picks some, each with a rate of its own. So rare
mixtures come up, and no kind hides the others.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection
from enum import StrEnum


class FaultKind(StrEnum):
    """The kinds of faults. The rates of the last group are per minute, those of the others per occasion."""

    # of a call of the log, whichever method it is
    LOG_REFUSED = "log-refused"  # not done, and answered so
    LOG_LOST = "log-lost"  # done, and the answer lost
    LOG_LATE = "log-late"  # answered as failed, and done afterwards
    LOG_SLOW = "log-slow"  # done, after a long delay
    CRASH_BEFORE = "crash-before"  # the sidecar crashes as it calls
    CRASH_AFTER = "crash-after"  # the sidecar crashes when the call is done
    LEASE_MET = "lease-met"  # a sidecar asks for its lease, pauses, and gets the answer together with all else
    TAKE_HELD = "take-held"  # the answer of the inbox arrives when it is no longer true
    # of messages in the database
    TAKE_MIXED = "take-mixed"  # out of order, some twice, some not yet
    DELIVER_FULL = "deliver-full"  # the receiver's inbox is full now
    DELIVER_UNKNOWN = "deliver-unknown"  # there is no such service now
    NOTIFY_LOST = "notify-lost"
    NOTIFY_LATE = "notify-late"
    LINK_LOST = "link-lost"  # a message that is handed over does not arrive, and nobody is notified
    LINK_LATE = "link-late"  # it arrives when what it says may be over
    # of a call of a worker
    CALL_REFUSED = "call-refused"  # not done, and answered so
    CALL_BROKEN = "call-broken"  # the call does not arrive
    CALL_LOST = "call-lost"  # done, and the answer lost
    CALL_LATE = "call-late"  # given up by the sidecar, and done afterwards
    CALL_TWICE = "call-twice"  # arrives once more, later
    CALL_SLOW = "call-slow"  # done, after a long delay
    CALL_HANGS = "call-hangs"  # no answer, ever
    CALL_LONG = "call-long"  # done late, and then answered, by a worker without a fence
    DECLINES = "declines"  # the worker declines
    # of a call of a peer in another database
    RELAY_LOST = "relay-lost"  # it does not arrive, or its answer does not
    RELAY_LATE = "relay-late"  # given up by the sidecar, and arrives afterwards
    RELAY_TWICE = "relay-twice"  # arrives once more, later
    # of a client
    ANSWER_LOST = "answer-lost"  # the client does not hear what the API said
    # of the whole, per minute
    CRASH = "crash"
    LEAVE = "leave"  # a replica leaves cleanly and another comes
    PAUSE = "pause"  # a replica is stopped for a while, some for longer than its lease
    LEASE_LOST = "lease-lost"
    DATABASE_DOWN = "database-down"
    PARTITION = "partition"  # one service cannot reach the database
    WORKER_DOWN = "worker-down"
    PEER_DOWN = "peer-down"  # no sidecar in another database reaches a service


_PER_MINUTE: dict[FaultKind, tuple[float, ...]] = {
    FaultKind.CRASH: (4, 12, 30),
    FaultKind.LEAVE: (2, 6),
    FaultKind.PAUSE: (4, 12),
    FaultKind.LEASE_LOST: (6, 30),
    FaultKind.DATABASE_DOWN: (2, 5),
    FaultKind.PARTITION: (3, 6),
    FaultKind.WORKER_DOWN: (3, 8),
}
_PER_CALL: dict[FaultKind, tuple[float, ...]] = {
    FaultKind.LOG_REFUSED: (0.005, 0.03),
    FaultKind.LOG_LOST: (0.005, 0.03, 0.1),
    FaultKind.LOG_LATE: (0.003, 0.02),
    FaultKind.LOG_SLOW: (0.02, 0.1),
    FaultKind.CRASH_BEFORE: (0.005, 0.02, 0.05),
    FaultKind.CRASH_AFTER: (0.005, 0.02, 0.05),
    FaultKind.TAKE_MIXED: (0.2, 0.6),
    FaultKind.DELIVER_FULL: (0.02, 0.1),
    FaultKind.DELIVER_UNKNOWN: (0.01,),
    FaultKind.NOTIFY_LOST: (0.1, 0.5, 1.0),
    FaultKind.NOTIFY_LATE: (0.2,),
    FaultKind.LINK_LOST: (0.05, 0.3),
    FaultKind.LINK_LATE: (0.05, 0.3),
    FaultKind.CALL_REFUSED: (0.05, 0.2),
    FaultKind.CALL_BROKEN: (0.05, 0.2),
    FaultKind.CALL_LOST: (0.05, 0.2),
    FaultKind.CALL_LATE: (0.05, 0.15),
    FaultKind.CALL_TWICE: (0.05, 0.3),
    FaultKind.CALL_SLOW: (0.05, 0.2),
    FaultKind.CALL_HANGS: (0.02, 0.1),
    FaultKind.DECLINES: (0.02, 0.1, 0.3),
    FaultKind.ANSWER_LOST: (0.05, 0.3),
}
_PER_LEASE: dict[FaultKind, tuple[float, ...]] = {
    FaultKind.LEASE_MET: (0.1, 0.6),
}
_OF_PLAIN: dict[FaultKind, tuple[float, ...]] = {FaultKind.CALL_LONG: (0.05, 0.2)}
_PER_TAKE: dict[FaultKind, tuple[float, ...]] = {FaultKind.TAKE_HELD: (0.05, 0.3)}
_PER_RELAY: dict[FaultKind, tuple[float, ...]] = {
    FaultKind.RELAY_LOST: (0.05, 0.3),
    FaultKind.RELAY_LATE: (0.05, 0.2),
    FaultKind.RELAY_TWICE: (0.05, 0.3),
    FaultKind.PEER_DOWN: (3, 8),
}
_CHOSEN = 0.4
"""The probability that a seed uses a kind."""


class FaultInjector:
    """The faults of one run. `told` is called for each fault that is injected. `most`: the most faults in all."""

    def __init__(
        self,
        seed: int,
        told: Callable[[FaultKind, str], None],
        without: Collection[FaultKind] = (),
        most: int | None = None,
    ) -> None:
        self._chances = {kind: random.Random(f"{seed}/fault/{kind}") for kind in FaultKind}
        self._told = told
        self._left = most
        self._healed = False
        self.rates: dict[FaultKind, float] = {}
        chosen = random.Random(f"{seed}/faults")
        for kind, rates in (_PER_CALL | _PER_MINUTE | _PER_LEASE | _OF_PLAIN | _PER_TAKE | _PER_RELAY).items():
            used, rate = chosen.random() < _CHOSEN, chosen.choice(rates)
            if used and kind not in without:
                self.rates[kind] = rate
        self.counts: Counter[FaultKind] = Counter()

    def heal(self) -> None:
        """Inject no more faults from now on; workers still decline."""
        self._healed = True

    def strike(self, kind: FaultKind, about: str = "") -> bool:
        """Whether a fault of this kind is injected here and now."""
        rate = self.rates.get(kind)
        if rate is None or (self._healed and kind is not FaultKind.DECLINES):
            return False
        return self._chances[kind].random() < rate and self._spend(kind, about)

    def pause_s(self, kind: FaultKind) -> float | None:
        """The seconds until the next fault of this kind; None: never."""
        rate = self.rates.get(kind)
        return None if rate is None else self._chances[kind].expovariate(rate / 60)

    def due(self, kind: FaultKind, about: str = "") -> bool:
        """Whether a fault whose time has come is injected after all."""
        return not self._healed and self._spend(kind, about)

    def between(self, kind: FaultKind, low: float, high: float) -> float:
        """A severity between `low` and `high`, small for the most part."""
        return low + (high - low) * self._chances[kind].random() ** 2

    def pick(self, kind: FaultKind, count: int) -> int:
        return self._chances[kind].randrange(count)

    def chance(self, kind: FaultKind) -> random.Random:
        return self._chances[kind]

    def _spend(self, kind: FaultKind, about: str) -> bool:
        if self._left is not None:
            if self._left <= 0:
                return False
            self._left -= 1
        self.counts[kind] += 1
        self._told(kind, about)
        return True
