"""The links between the sidecars of a simulated cluster: messages go from one to another without the log.

Most messages go to the sidecar that holds their session's shard, some to another one, as after a take-over. What is
lost, or comes where it does not belong, is found in the log. Some seeds have no links.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from accompanist.log.inbox import Stored, nothing_handed
from accompanist.runtime.messages import Message
from accompanist.sidecar.sessions.early import EarlyRelease
from accompanist.simulation.clusters.faults import FaultKind

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster, Replica

_LINKED = 0.5
"""The probability that the sidecars of a seed have links."""
_EARLY = 0.7
"""The probability that they hand messages over early, if they have links."""
_ASTRAY = 0.1
"""The probability that a message goes to any sidecar of its service."""


class SimulatedLinks:
    """The links of one cluster. `early`: whether messages are handed over early; None: the seed chooses."""

    def __init__(self, cluster: Cluster, early: bool | None = None) -> None:
        self._cluster = cluster
        self._chance = random.Random(f"{cluster.seed}/links")
        self.there = self._chance.random() < _LINKED or bool(early)
        drawn = random.Random(f"{cluster.seed}/early").random() < _EARLY
        self.early = self.there and (drawn if early is None else early)

    def hand(self, speaker: str, stored: Stored) -> Stored:
        """Hand over messages of a service. Returns those that the services are to be notified of."""
        if not self.there:
            return nothing_handed(stored)
        left: list[tuple[str, Message]] = []
        for service, message in stored:
            replica = self._receiver(service, message)
            if replica is None:
                left.append((service, message))
                continue
            self._cluster.mark("handed over")
            self._carry(replica, speaker, message, early=False)
        return left

    def release_of(self, replica: Replica) -> EarlyRelease | None:
        """How a sidecar releases early; None if those of this cluster do not."""
        return EarlyRelease(partial(self.hand_early, replica.service), replica.log.accept) if self.early else None

    def hand_early(self, speaker: str, messages: Stored) -> None:
        """Hand over messages of a service before their commit."""
        for service, message in messages:
            self._cluster.judge.handed_early(message)
            if (replica := self._receiver(service, message)) is not None:
                self._cluster.mark("handed over early")
                self._carry(replica, speaker, message, early=True)

    def _carry(self, replica: Replica, speaker: str, message: Message, *, early: bool) -> None:
        if not self._cluster.faults.strike(FaultKind.LINK_LOST, message.kind.value):
            late = self._cluster.faults.strike(FaultKind.LINK_LATE, message.kind.value)
            seconds = self._cluster.faults.between(FaultKind.LINK_LATE, 0.01, 12.0) if late else self._delay_s()
            self._cluster.loop.later(seconds, replica.process.soon, replica.heard, speaker, [message], early)

    def _receiver(self, service: str, message: Message) -> Replica | None:
        there = [one for one in self._cluster.replicas if one.service == service and one.process.alive and one.begun]
        holders = [one for one in there if one.driver.holding.holds(message.session)]
        if not there or (not holders and self._chance.random() < 0.5):
            return None
        return self._chance.choice(there if not holders or self._chance.random() < _ASTRAY else holders)

    def _delay_s(self) -> float:
        return self._chance.uniform(0.0001, 0.001)
