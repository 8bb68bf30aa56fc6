"""The polling loops of a sidecar: leases, sweep, inbox, outbox, timers and housekeeping.

A lost wake-up or an unavailable database only delays them:

    leases   renew held leases, acquire free ones (docs/protocol.md). The answer also says which of the next loops have
             work. This is the guarantee: nothing waits longer than `poll_ms` after a lost wake-up, and an idle sidecar
             makes no other query
    sweep    for each shard acquired under a new epoch, load every open session and every message without a session
             (docs/protocol.md)
    inbox    woken by NOTIFY, by our own commits, by the leases, and soon after a message was handed over; the next
             `take` acknowledges what the last one returned, so a `take` whose answer was lost is simply repeated
    outbox   send again what is due: woken by the leases, and every `outbox_retry_ms` while something is due
    timers   give due timers to their sessions, by the log's clock; runs when the next one is due
    versions load versions that sessions wait for (`sidecar.versions`)
    collect  delete sessions that are over (`sidecar.loops.collection`), at its own pace
    crowds   find peers that have used up a quota (`sidecar.loops.peer_quota`)
    damage   retry sessions that the log refuses to write or that cannot be read (`sidecar.sessions.damage`)

Not promised: that a sidecar knows that it has lost a lease before a commit tells it. Until then it may call workers,
which idempotency keys make harmless; it cannot write.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

import structlog

from accompanist import limits
from accompanist.background import Background
from accompanist.runtime.log import FeedPort
from accompanist.runtime.ports import InboxEntry, LogUnavailable, PendingWork
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.loops.missed_wakeups import LateMessages
from accompanist.sidecar.loops.peer_quota import PeerQuotas
from accompanist.sidecar.loops.portion import Portion
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.versions import Versions

logger = structlog.get_logger("accompanist.intake")

LOOPS = frozenset({"leases", "sweep", "inbox", "outbox", "timers"})
"""The loops that sessions need: a sidecar in which one of these fails is not ready. The others are housekeeping."""


class Intake:
    """The loops of one sidecar. `owner` names it in the leases; `clock` is monotonic; `stands_for_s` says for how many
    seconds commits have waited while none succeeded; `relayed` is called with the peers in other databases that have
    messages in the outbox; `handled` says whether a message was handed over and handled, `queued` whether one that was
    may still be in the queue; `acquired` is called when shards were acquired, and when leases had lapsed."""

    def __init__(
        self,
        owner: str,
        log: FeedPort,
        driver: Driver,
        collection: Collector | None = None,
        versions: Versions | None = None,
        quotas: PeerQuotas | None = None,
        clock: Callable[[], float] = time.monotonic,
        background: Background | None = None,
        stands_for_s: Callable[[], float] = lambda: 0.0,
        relayed: Callable[[Collection[str]], None] = lambda peers: None,
        handled: Callable[[InboxEntry], bool] = lambda entry: False,
        queued: Callable[[], bool] = lambda: True,
        acquired: Callable[[], None] = lambda: None,
    ) -> None:
        self._stands_for_s = stands_for_s
        self._background = background or Background(away=(LogUnavailable,))
        self._owner = owner
        self._log = log
        self._driver = driver
        self._collection = collection
        self._versions = versions
        self._quotas = quotas
        self._clock = clock
        self._relayed = relayed
        self._handled = handled
        self._queued = queued
        self._acquired = acquired
        self._resends_on = False
        self._collects_on = False
        self._woken = asyncio.Event()
        self._takes = False
        """Whether the inbox loop is at work."""
        self.late_messages = LateMessages()
        self._unsent = asyncio.Event()
        self._damaged = asyncio.Event()
        self._lacking = asyncio.Event()
        self._swept = asyncio.Event()
        self._leased_at = 0.0
        self._unswept: set[int] = set()
        self._due = asyncio.Event()
        self._timed = asyncio.Event()
        self._next_s: float | None = None
        """The seconds until the next timer is due."""
        driver.attach(timer_set=self._set_timer, leases_fresh=self._fresh)
        self._soon: asyncio.TimerHandle | None = None
        """The timer of `wake_later`, while it runs."""
        self._taking = Portion(limits.inbox_take_rows_max)
        self._resending = Portion(limits.inbox_take_rows_max)
        self._taken: Sequence[InboxEntry] = ()
        """The messages of the last `take`; the next one acknowledges them."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether leases are fresh, commits succeed, the first sweep is done, no necessary loop fails and there is room
        for new sessions."""
        commits = self._stands_for_s() < limits.lease_ms / 1000
        full = self._quotas is not None and self._quotas.full
        fails = self._background.failing.keys() & LOOPS
        return self._swept.is_set() and self._fresh() and commits and not full and not fails

    def _fresh(self) -> bool:
        """Whether the leases cannot have expired yet, by our own clock."""
        return self._clock() - self._leased_at < limits.lease_ms / 1000

    def wake(self) -> None:
        """Wake the inbox loop: there may be new messages."""
        self.late_messages.woken()
        self._woken.set()

    def wake_later(self) -> None:
        """Wake the inbox loop soon: there are messages that were handed over, to be acknowledged."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(limits.handed_take_ms / 1000, self._wake_now)

    def _wake_now(self) -> None:
        self._soon = None
        if self._queued():
            self.wake()

    def start(self) -> None:
        self._repeat("leases", self._renew, self._pause_renewing)
        self._repeat("sweep", self._sweep, self._due.wait, after=self._due)
        self._repeat("inbox", self._take, self._woken.wait, after=self._swept)
        self._repeat("outbox", self._resend, self._pause_resending, after=self._swept)
        self._repeat("timers", self._fire, self._wait_for_time, after=self._swept)
        self._repeat("damage", self._mend, self._damaged.wait, after=self._swept)
        if (collection := self._collection) is not None:
            pause = partial(self._pause_collecting, collection)
            self._repeat("collect", partial(self._collect, collection), pause, after=self._swept)
        if (versions := self._versions) is not None:
            self._repeat("versions", partial(self._bring_back, versions), self._lacking.wait, after=self._swept)
        if (quotas := self._quotas) is not None:
            self._repeat("crowds", quotas.step, lambda: asyncio.sleep(limits.crowd_look_ms / 1000), after=self._swept)

    def _repeat(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        pause: Callable[[], Awaitable[object]],
        after: asyncio.Event | None = None,
    ) -> None:
        """Start a loop. Its first turn waits for `after`."""

        async def step() -> None:
            if after is not None and not begun.is_set():
                await after.wait()
                begun.set()
            await work()

        begun = asyncio.Event()
        self._tasks.append(self._background.repeat(name, step, pause))

    async def stop(self) -> None:
        """Stop the loops. `release` gives the shards up, after the work under way has finished."""
        if self._soon is not None:
            self._soon.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def release(self) -> None:
        """Release the shards, so that no other sidecar has to wait for the leases to expire."""
        try:
            await self._log.release(self._owner)
        except LogUnavailable:
            logger.warning("leases.not_released")

    async def _collect(self, collection: Collector) -> None:
        self._collects_on = await collection.step()

    async def _bring_back(self, versions: Versions) -> None:
        self._lacking.clear()
        await versions.step(self._driver)

    async def _mend(self) -> None:
        self._damaged.clear()
        await self._driver.damage.mend(self._clock(), self._driver.holding.epoch_of)

    async def _pause_collecting(self, collection: Collector) -> None:
        await asyncio.sleep((limits.collect_again_ms if self._collects_on else collection.pause_ms) / 1000)

    async def _renew(self) -> None:
        asked_at, lapsed = self._clock(), not self._fresh()
        leases, _, pending, sidecars = await self._log.lease(self._owner, limits.shards_count)
        held = {lease.shard: lease.epoch for lease in leases}
        await self._driver.about_to_hold(held)
        self._leased_at = asked_at  # conservative: the log's lease begins later
        # compare epochs, and do not rely on the log's `acquired`: that answer may have been lost
        anew = self._driver.holding.hold(held)
        self._driver.limits.share(len(held), sidecars)
        self._unswept = (self._unswept | anew | self._driver.holding.take_lost()) & held.keys()
        if anew or lapsed:  # a replica that has lapsed may have been forgotten, with what it had announced
            self._acquired()
        if self._unswept:
            self._due.set()
        elif not held:
            self._swept.set()  # other sidecars hold all shards, but this one can accept starts
        self._set_about(pending)

    def _set_about(self, pending: PendingWork) -> None:
        """Wake the loops that have something to do."""
        if pending.arrived:
            if not (self._takes or self._woken.is_set() or self._unswept):
                self.late_messages.polled()
            self._woken.set()
        if pending.unsent:
            self._unsent.set()
        if pending.timer_s is not None:
            self._set_timer(pending.timer_s)
        self._relayed(pending.peers)
        if len(self._driver.damage):
            self._damaged.set()
        if self._versions is not None and self._versions.due(self._driver):
            self._lacking.set()

    async def _pause_renewing(self) -> None:
        await asyncio.sleep(min(limits.lease_renew_ms, limits.poll_ms) / 1000)

    async def _sweep(self) -> None:
        """Load every open session of newly acquired shards. This is a loop of its own, so that leases do not wait for
        it. A shard stays due until its sweep is done, because the log may not answer."""
        due, self._unswept = self._unswept, set()
        self._due.clear()
        shards, found = len(due), 0
        try:
            while due:
                # one shard at a time: one answer must not list all open sessions of a service
                shard = min(due)
                since = self._driver.holding.due_since(shard)
                keys = await self._log.unfinished([shard])
                await self._driver.recover(keys)
                found += len(keys)
                self._driver.holding.swept(shard, since)
                due.discard(shard)
        except BaseException:
            self._unswept |= due
            self._due.set()
            raise
        logger.info("shards.swept", shards=shards, sessions=found)
        self._swept.set()
        self.wake()

    async def _take(self) -> None:
        self._takes = True
        try:
            await self._take_all()
        finally:
            self._takes = False

    async def _take_all(self) -> None:
        while True:
            self._woken.clear()
            self._driver.holding.about_to_take()
            with self._taking.asked() as rows:
                taken = await self._log.take(rows, self._taken)
            self.late_messages.took(len(taken), self._clock())
            self._taken = ()
            handled: list[InboxEntry] = []
            fresh: list[InboxEntry] = []
            for one in taken:
                (handled if self._handled(one) else fresh).append(one)
            self._taken = [*handled, *self._driver.take(fresh)]
            self._driver.holding.taken_in()
            full = len(taken) >= rows or sum(len(one.message.payload) for one in taken) >= limits.batch_bytes_max
            if not full and not self._woken.is_set():
                return

    async def _resend(self) -> None:
        """Send due messages of the outbox again, and tell sessions of those that will never be delivered."""
        self._unsent.clear()
        with self._resending.asked() as rows:
            self._resends_on = bool(await self._log.resend(rows))
        self._driver.undelivered(await self._log.undelivered(limits.undelivered_rows_max))

    async def _pause_resending(self) -> None:
        """If something was due, it may have been refused again and be due again soon; else wait to be woken."""
        if self._resends_on:
            await asyncio.sleep(limits.outbox_retry_ms / 1000)
        else:
            await self._unsent.wait()

    def _set_timer(self, seconds: float) -> None:
        """Wake the timer loop if a new timer is due before the next poll."""
        if seconds < limits.poll_ms / 1000:
            self._timed.set()

    async def _fire(self) -> None:
        while True:
            self._timed.clear()
            due = await self._log.due(limits.timer_rows_max)
            self._next_s = due.next_s
            self._driver.fire(due.timers)
            if len(due.timers) < limits.timer_rows_max and not self._timed.is_set():
                return

    async def _wait_for_time(self) -> None:
        """Wait until the next timer is due, or until one is set or found that may be due earlier."""
        next_s = None if self._next_s is None else max(limits.timer_look_ms / 1000, self._next_s)
        try:
            async with asyncio.timeout(next_s):
                await self._timed.wait()
        except TimeoutError:
            pass
