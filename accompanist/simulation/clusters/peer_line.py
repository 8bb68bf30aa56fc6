"""The simulated connection from a sidecar to a service in another database, with its faults.

A call goes to any sidecar of that service, as behind a load balancer. It may be lost before it arrives, or its answer
may be. A call that was given up may arrive later, and one that was answered may arrive once more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from accompanist.rpc.access import calls_as
from accompanist.rpc.envelope import RpcError
from accompanist.runtime.answers import Answer, Fault, Replied, RetryLater
from accompanist.runtime.ports import LogUnavailable
from accompanist.sidecar.loops.relay import Receiver
from accompanist.simulation.clusters.faults import FaultKind

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Replica

_late_s = 6.0
_AWAY = Fault("no connection to the peer", silent=True, away=True)
_LOST = Fault("the connection was lost", silent=True)


class PeerLine:
    """The connection from one sidecar to the sidecars of a peer."""

    def __init__(self, replica: Replica, peer: str) -> None:
        self._speaker, self._peer, self._cluster = replica.service, peer, replica.cluster

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        loop, faults = self._cluster.loop, self._cluster.faults
        answer: asyncio.Future[Answer] = loop.create_future()
        if faults.strike(FaultKind.RELAY_LATE):
            loop.later(faults.between(FaultKind.RELAY_LATE, 0.01, _late_s), self._arrive, arguments, None)
            self._settle_soon(answer, _LOST)
        else:
            loop.later(self._cluster.delay_s(), self._arrive, arguments, answer)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await answer
        except TimeoutError:
            return Fault(f"no answer within {timeout_ms} ms")

    def _arrive(self, arguments: bytes, answer: asyncio.Future[Answer] | None) -> None:
        """Deliver a call that has arrived at the peer. Without `answer`, nobody waits for an answer any more."""
        cluster, faults = self._cluster, self._cluster.faults
        there = [one for one in cluster.replicas if one.service == self._peer and one.process.alive and one.begun]
        if not there or cluster.down[f"peer {self._peer}"]:
            self._settle_soon(answer, _AWAY)
            return
        lost = faults.strike(FaultKind.RELAY_LOST)
        if lost and faults.pick(FaultKind.RELAY_LOST, 2):
            self._settle_soon(answer, _LOST)
            return
        replica = there[cluster.peers.randrange(len(there))]
        replica.process.spawn(self._deliver(replica, arguments, None if lost else answer))
        if lost:
            self._settle_soon(answer, _LOST)
        if faults.strike(FaultKind.RELAY_TWICE):
            cluster.loop.later(faults.between(FaultKind.RELAY_TWICE, 0.01, _late_s), self._arrive, arguments, None)

    async def _deliver(self, replica: Replica, arguments: bytes, answer: asyncio.Future[Answer] | None) -> None:
        """Let the peer's sidecar handle the call."""
        calls_as(self._speaker)
        params = msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
        try:
            said: Answer = Replied(await Receiver(replica.log).deliver(params, None))
        except LogUnavailable:
            said = RetryLater("the log is away")
        except RpcError as problem:
            said = Fault(problem.message, refused=True)
        self._settle_soon(answer, said)

    def _settle_soon(self, answer: asyncio.Future[Answer] | None, said: Answer) -> None:
        if answer is not None:
            self._cluster.loop.later(self._cluster.delay_s(), _settle, answer, said)


def _settle(answer: asyncio.Future[Answer], said: Answer) -> None:
    if not answer.done():
        answer.set_result(said)
