"""Gives messages that were handed over to their sessions, before the log is asked for them.

    session in memory      it is given the message at once
    anything else          the log is asked whether it knows the session (`begun`), for all such messages together; a
                           message for one that it does not know may begin it

The message stays in the inbox, and in the queue over it until `take` has brought it once more. Then it is acknowledged,
and not handled again. That happens within `handed_take_ms`, and is no longer in anybody's way.

Not promised: that a message is handled here. What finds no room, or comes while the log does not answer, is taken from
the log.
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
        self._handled: OrderedDict[tuple[object, ...], int] = OrderedDict()
        """What was handled and is still in the queue, with a number for its content."""
        self._waiting: list[InboxEntry] = []
        self._task: asyncio.Task[None] | None = None

    def take(self, service: str, messages: Sequence[Message]) -> Sequence[int]:
        """Handle messages of a service. Returns the shards of those whose session another sidecar holds."""
        elsewhere: set[int] = set()
        for message in messages:
            if not self._driver.holding.holds(message.session):
                elsewhere.add(shard_of(message.session))
                continue
            entry = InboxEntry(message=message, sender_service=service, known=True)
            if self._driver.holding.session((message.session, message.receiver)) is not None:
                self._handle(entry)
            elif len(self._waiting) < limits.handed_waiting_max:
                self._waiting.append(entry)
            else:
                self._wake()
        if self._waiting and self._task is None:
            self._task = asyncio.create_task(self._look(), name="handed over")
        self._wake_later()
        if elsewhere:
            self._wake_others()
        return sorted(elsewhere)

    def handled(self, entry: InboxEntry) -> bool:
        """Whether a message that the log brings was handled already, with the same content. It is forgotten here."""
        return self._handled.pop(_name(entry), None) == hash(entry.message.payload)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        """Ask the log which sessions it knows, as long as messages wait for that."""
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._sort(waiting)
        except LogUnavailable:
            self._wake()
        except Exception as problem:  # the log has them: nothing is lost but time
            logger.error("handed.failed", problem=type(problem).__name__, exc_info=problem)
            self._wake()
        finally:
            self._task = None

    async def _sort(self, waiting: Sequence[InboxEntry]) -> None:
        freshness = self._driver.holding.freshness
        keys = list(dict.fromkeys((one.message.session, one.message.receiver) for one in waiting))
        before = {key: freshness.standing(shard_of(key[0])) for key in keys}
        with freshness.leaving() as gone:
            known = dict(zip(keys, await self._log.begun(keys), strict=True))
            for entry in waiting:
                key: Key = (entry.message.session, entry.message.receiver)
                stale = key in gone or freshness.may_have(shard_of(key[0]), before[key])
                self._handle(entry, known=known[key] or stale)

    def _handle(self, entry: InboxEntry, known: bool = True) -> None:
        if self._driver.handed(entry, known=known):
            self._handled[_name(entry)] = hash(entry.message.payload)
            if len(self._handled) > limits.handed_kept_max:
                self._handled.popitem(last=False)


def _name(entry: InboxEntry) -> tuple[object, ...]:
    return (*entry.message.key, entry.sender_service)
