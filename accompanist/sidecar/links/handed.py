"""Gives messages that were handed over to their sessions, before `take` brings them.

What comes over a link is what a peer says. So nothing is done about it before our own log has confirmed it: the inbox
has the message, as it was handed over, and it was that service that wrote it (`confirm`, for all that wait together).
The log also says whether it knows the session. A message for one that it does not know may begin it.

An early message is in no log yet (docs/durability.md). A session that is in memory hears it at once. Where there is
none, the log says first that it does not know the session.

The message stays in the queue over the inbox until the next commit of its session has taken it from there, or `take`
has brought it once more. It is not handled again. A `take` comes after `handed_take_ms`, if something is left then.

Not promised: that a message is handled here. What finds no room, what the inbox does not have, and what comes while the
log does not answer, is taken from the log, if it is there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from accompanist import limits
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import InboxEntry, LogUnavailable
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.sessions.freshness import Key, shard_of

logger = structlog.get_logger("accompanist.links")


class HandedOver:
    """Messages that peers have handed to one sidecar. `wake` has the inbox looked at now, `wake_later` soon;
    `wake_others` wakes the other sidecars of this service."""

    def __init__(
        self,
        log: SessionPort,
        driver: Driver,
        wake: Callable[[], None],
        wake_later: Callable[[], None],
        wake_others: Callable[[], None],
    ) -> None:
        self._log = log
        self._driver = driver
        self._wake = wake
        self._wake_later = wake_later
        self._wake_others = wake_others
        self._handled: OrderedDict[tuple[object, ...], None] = OrderedDict()
        """What was handled and is still in the queue. The inbox keeps the first content of a message, so its name is
        enough."""
        self._queued: OrderedDict[tuple[object, ...], None] = OrderedDict()
        """What was handed over, and may still be in the queue."""
        driver.unconfirmed.left = self._left
        self._waiting: list[InboxEntry] = []
        self._weight = 0
        """The bytes of the payloads that wait."""
        self._task: asyncio.Task[None] | None = None

    def take(self, service: str, messages: Sequence[Message], early: bool = False) -> Sequence[int]:
        """Handle messages of a service; `early`: no log may have them yet. Returns the shards of those whose session
        another sidecar holds, or may hold: where the leases may have expired, it does not stand here to say."""
        if early:
            self._take_early(service, messages)
            return ()
        elsewhere: set[int] = set()
        fresh = self._driver.leases_fresh()
        for message in messages:
            if not (fresh and self._driver.holding.holds(message.session)):
                elsewhere.add(shard_of(message.session))
                continue
            self._queued[(*message.key, service)] = None
            entry = InboxEntry(message=message, sender_service=service, known=True)
            if self._driver.unconfirmed.said(service, message) or self._driver.handed_early(entry, said=True):
                continue  # the commit of its session looks for it
            if not self._wait(entry):
                self._wake()
        while len(self._queued) > limits.handed_kept_max:
            self._queued.popitem(last=False)
        if self._queued:
            self._wake_later()
        if elsewhere:
            self._wake_others()
        return sorted(elsewhere)

    def _take_early(self, service: str, messages: Sequence[Message]) -> None:
        """Give early messages to their sessions. Those that cannot be handled now come again with their commit."""
        fresh, holding = self._driver.leases_fresh(), self._driver.holding
        for message in messages:
            if fresh and holding.holds(message.session):
                entry = InboxEntry(message=message, sender_service=service, known=False)
                if holding.session((message.session, message.receiver)) is not None:
                    self._driver.handed_early(entry)
                else:
                    self._wait(entry)

    def _wait(self, entry: InboxEntry) -> bool:
        """Have the log look for a message. Returns whether there is room for it. What is not `known` came early."""
        if len(self._waiting) >= limits.handed_waiting_max or self._weight >= limits.batch_bytes_max:
            return False
        self._waiting.append(entry)
        self._weight += len(entry.message.payload)
        if self._task is None:
            self._task = asyncio.create_task(self._look(), name="handed over")
        return True

    def handled(self, entry: InboxEntry) -> bool:
        """Whether a message that the log brings was handled already. It is forgotten here."""
        name = _name(entry)
        self._queued.pop(name, None)
        self._driver.unconfirmed.taken(entry)
        if name not in self._handled:
            return False
        del self._handled[name]
        return True

    @property
    def queued(self) -> bool:
        """Whether something that was handed over may still be in the queue."""
        return bool(self._queued)

    def _left(self, entries: Sequence[InboxEntry]) -> None:
        """These have left the queue with a commit."""
        for entry in entries:
            self._queued.pop(_name(entry), None)
            self._handled.pop(_name(entry), None)

    async def stop(self) -> None:
        """Handle nothing more."""
        self._drop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        """Have the log confirm what waits, as long as something does. If it cannot, all is left to the inbox: what
        waited for long might be over by then."""
        try:
            while self._waiting:
                waiting = list(self._waiting)
                self._drop()
                await self._sort(waiting)
        except LogUnavailable:
            self._wake()
        except Exception as problem:  # the log has them: nothing is lost but time
            logger.error("handed.failed", problem=type(problem).__name__, exc_info=problem)
            self._wake()
        finally:
            self._drop()
            self._task = None

    def _drop(self) -> None:
        self._waiting, self._weight = [], 0

    async def _sort(self, waiting: Sequence[InboxEntry]) -> None:
        freshness = self._driver.holding.freshness
        before = {shard: freshness.standing(shard) for shard in {shard_of(one.message.session) for one in waiting}}
        with freshness.leaving() as gone:
            confirmed = await self._log.confirm(waiting)
            for entry, found in zip(waiting, confirmed, strict=True):
                key: Key = (entry.message.session, entry.message.receiver)
                shard = shard_of(key[0])
                known = found.known or key in gone or freshness.may_have(shard, before[shard])
                if found.there:
                    self._handle(entry, known=known)
                elif not entry.known and not known:
                    self._driver.handed_early(entry)

    def _handle(self, entry: InboxEntry, *, known: bool) -> None:
        if self._driver.handed(entry, known=known):
            self._handled[_name(entry)] = None
            if len(self._handled) > limits.handed_kept_max:
                self._handled.popitem(last=False)


def _name(entry: InboxEntry) -> tuple[object, ...]:
    return (*entry.message.key, entry.sender_service)
