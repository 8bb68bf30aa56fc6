"""A hostile service in a simulated cluster: it sends any message that its login allows (`simulation.clusters.lies`).

The peers know who it is: by its login in one database, by its token between databases. Everything else in its messages
may be false. It delivers to its peers as every service does, and hears what its own inbox holds. Its honest sidecars
run beside it. In some runs they stop in the middle, and from then on it only lies.

The others are judged (`simulation.clusters.believed`): at an honest service nothing may be lost, doubled, settled or
undone wrongly. A saga that the hostile service has heard of, or could have, may stay open, where people see it. All
others end as always.

What a participant can do by lying within its own rights, which is not judged:

    any role         Be silent. Send other values and choices than its program has, different ones to each receiver, as
                     long as the receiver's program takes a message of that kind from that role at that site; the
                     others' workers then act on these values. Leave a role out of the list of roles that it reached:
                     that role is not told of the end, and stays open. Name roles that it has not reached: the saga
                     waits for them. Abort, if the receivers cannot know that the commit point is passed. Begin a
                     session without a client, at roles to which it may send the first message; what they do for it
                     stays open there.
    an initiator     Begin any session, for it owns the start. End it: tell `settled` to one role and `ended` to
                     another, or tell none. Each role then has what it was told: if settled, all its transactions, none
                     undone; if ended, all of them undone. Request a cancel, and set a deadline.
    any role, if     Tell the initiator that its operator has ended the saga by hand after the commit point. Then every
    there is a       role stops where it stands, and effects stay, unless the initiator owns the commit point and has
    commit point     not passed it.
    the owner of     Pass its commit point or not, whatever it says about it.
    a commit point

What is still true, for each role of an honest service: a transaction is done once; a session that ends is all done or
all undone there; only its worker's answers, or its own operator's words, count as the worker's; a message that counts
as an honest service's was sent by it. And between honest services: if an honest initiator says that the saga is
settled, all roles that honest services have reached have voted done, and nothing of theirs is undone; if it says that
the saga has ended, all of these have compensated.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import groupby
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from accompanist import limits
from accompanist.log.memory import MemoryLog
from accompanist.rpc import peers
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import LogUnavailable
from accompanist.simulation.clusters.believed import Believed
from accompanist.simulation.clusters.lies import Lies
from accompanist.simulation.clusters.peer_line import PeerLine

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster

_pause_s = 0.4
_reacts = 0.5
"""The probability that it sends something when it has heard something."""
_heard_max = 3_000
share = 0.15
"""The share of the seeds with several services in which one is hostile."""


def hostile_in(cluster: Cluster, chance: random.Random, asked: bool | None) -> bool:
    """Whether one of a cluster's services is hostile: as `asked` says, or the seed."""
    drawn = chance.random() < share
    return len(cluster.services) > 1 and (drawn if asked is None else asked)


class Hostile:
    """The hostile `service` of a cluster. `touched`: the sessions that it has heard of, or sent messages about."""

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self._cluster = cluster
        self._chance = chance
        self.service = chance.choice(cluster.services)
        self.touched: set[UUID] = set()
        self.goes_on = chance.random() < 0.5
        """Whether it still lies once all other faults have stopped."""
        self._silent_at_s = chance.uniform(2.0, 20.0) if chance.random() < 0.3 else None
        self.silent = False
        """Whether its honest sidecars have stopped."""
        self.lies = Lies(self.service, cluster.subjects, cluster.bindings, chance, cluster.clock)
        self.believed = Believed(cluster, self)
        self._heard: set[Any] = set()
        self._stopped = False
        self._answers: list[Any] = []

    def plays(self, session: UUID) -> bool:
        """Whether it may have to do with a session."""
        return session in self.touched or session in self.lies.invented

    async def run(self) -> None:
        while not self._stopped:
            await asyncio.sleep(self._chance.expovariate(1 / _pause_s))
            if self._silent_at_s is not None and self._cluster.loop.time() > self._silent_at_s and not self.silent:
                self._fall_silent()
            if not self._stopped:
                self._act()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True

    def heal(self) -> None:
        if not self.goes_on:
            self.stop()

    def heard(self) -> None:
        """Called when a message has come to its inbox."""
        if not self._stopped and self._chance.random() < _reacts:
            self._cluster.loop.later(self._cluster.delay_s() * self._chance.choice((0.1, 1, 3, 30)), self._act)

    def _fall_silent(self) -> None:
        self.silent = True
        self._cluster.log(f"the sidecars of {self.service} are gone; it lies on")
        for replica in self._cluster.replicas:
            if replica.service == self.service:
                replica.process.kill()

    def _act(self) -> None:
        if self._stopped:
            return
        inbox = self._cluster.database.services[self.service].inbox
        for key in [key for key in inbox if key not in self._heard]:
            if len(self._heard) < _heard_max:
                self._heard.add(key)
                self.lies.hear(inbox[key][0])
                self.touched.add(key[0])
        move, messages = self.lies.some()
        self._cluster.mark(f"lies {move}")
        for message in messages:
            self.touched.add(message.session)
        by_receiver = sorted(messages, key=self._receives)
        for peer, said in groupby(by_receiver, key=self._receives):
            self._say(peer, list(said))

    def _receives(self, message: Message) -> str:
        """The service whose inbox a message goes to: as a rule the one that plays the receiver."""
        known = self._cluster.bindings
        named = [known[message.header.choreography]] if message.header.choreography in known else known.values()
        bound = next((bindings[message.receiver] for bindings in named if message.receiver in bindings), None)
        others = [name for name in self._cluster.services if name != self.service]
        return bound if bound in others else others[len(message.receiver) % len(others)]

    def _say(self, peer: str, messages: Sequence[Message]) -> None:
        cluster = self._cluster
        for message in messages[:3]:
            words = f"{message.kind.value} {message.site} {message.sender} -> {message.receiver}"
            cluster.log(f"LIE {message.session.hex[:6]} {words}, one of {len(messages)} to {peer}")
        if cluster.place[peer] != cluster.place[self.service]:
            line = PeerLine(SimpleNamespace(service=self.service, cluster=cluster), peer)  # type: ignore[arg-type]
            for at in range(0, len(messages), limits.relay_rows_max):
                arguments = peers.arguments(messages[at : at + limits.relay_rows_max])
                work = line.call(peers.DELIVER, arguments, b"{}", limits.call_timeout_ms)
                self._answers.append(cluster.loop.outside(work))
            cluster.mark("lies to another database")
            return
        if cluster.unreachable(self.service):
            return
        door = MemoryLog(cluster.database, peer, delivered=cluster.notify)
        try:
            door.accept(self.service, messages).send(None)
        except StopIteration as done:
            for message, answer in zip(messages, done.value, strict=True):
                cluster.mark(f"lie {answer.value}")
                cluster.mark(f"lie {message.kind.value} {answer.value}")
        except LogUnavailable:
            pass
