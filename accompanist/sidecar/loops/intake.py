"""What keeps a sidecar fed: leases on its shards, the inbox, the outbox.

Loops, each of which a missing wake-up or a dead database only delays:

    leases   renew what is held, acquire what is free (docs/protocol.md). The answer says, too, which of the next loops
             have something to do. This is the guarantee: nothing waits for longer than `poll_ms`, whatever wake-up was
             lost; and a sidecar that has nothing to do asks nothing else
    sweep    a shard that is ours under a new epoch is swept: every session in it that is not over, and every message
             that has no session yet, is taken up (docs/protocol.md)
    inbox    woken by NOTIFY, by our own commits and by the leases; what was taken is acknowledged by the next `take`,
             so one whose answer is lost is simply asked again
    outbox   what is due in it, tried again: woken by the leases, and every `outbox_retry_ms` while there is something
    timers   each that is due is told to its session, by the log's clock; looked for when the next one is due
    versions what sessions wait for that is not hosted here (`sidecar.versions`)
    collect  what is over for long enough (`sidecar.loops.collection`), at its own pace
    crowds   peers that have too many sessions open here (`sidecar.loops.peer_quota`)
    damage   sessions that the log refuses to write or that cannot be read, tried again (`sidecar.sessions.damage`)

Not promised: that a sidecar knows it lost a lease before a commit tells it. Until then it may think, and call workers
with keys that make it harmless; it cannot write.
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
from accompanist.runtime.ports import LogUnavailable, Pending, Taken
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.loops.peer_quota import Crowds
from accompanist.sidecar.loops.portion import Portion
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.versions import Versions

logger = structlog.get_logger("accompanist.intake")

LOOPS = frozenset({"leases", "sweep", "inbox", "outbox", "timers"})
"""Without one of these sessions stand still: a sidecar in which one fails is not ready. The others keep house."""


class Intake:
    """The loops of one sidecar. `owner` names it in the leases; `clock` gives seconds that never go back;
    `stands_for_s` says for how long commits have waited while none went through; `relayed` is told of peers in other
    databases for whom something lies in the outbox."""

    def __init__(
        self,
        owner: str,
        log: FeedPort,
        driver: Driver,
        collection: Collector | None = None,
        versions: Versions | None = None,
        crowds: Crowds | None = None,
        clock: Callable[[], float] = time.monotonic,
        background: Background | None = None,
        stands_for_s: Callable[[], float] = lambda: 0.0,
        relayed: Callable[[Collection[str]], None] = lambda peers: None,
    ) -> None:
        self._stands_for_s = stands_for_s
        self._background = background or Background(away=(LogUnavailable,))
        self._owner = owner
        self._log = log
        self._driver = driver
        self._collection = collection
        self._versions = versions
        self._crowds = crowds
        self._clock = clock
        self._relayed = relayed
        self._resends_on = False
        self._collects_on = False
        self._woken = asyncio.Event()
        self._unsent = asyncio.Event()
        self._damaged = asyncio.Event()
        self._lacking = asyncio.Event()
        self._swept = asyncio.Event()
        self._leased_at = 0.0
        self._unswept: set[int] = set()
        self._due = asyncio.Event()
        self._timed = asyncio.Event()
        self._next_s: float | None = None
        """In how many seconds the next timer is due."""
        driver.timed = self._set_timer
        driver.asking.fresh = self._fresh
        self._taking = Portion(limits.inbox_take_rows_max)
        self._resending = Portion(limits.inbox_take_rows_max)
        self._taken: Sequence[Taken] = ()
        """What the last `take` returned; the next one acknowledges it."""
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether leases were renewed within their time, commits go through, the first sweep is done, no loop fails and
        there is room for new sessions."""
        commits = self._stands_for_s() < limits.lease_ms / 1000
        full = self._crowds is not None and self._crowds.full
        fails = self._background.failing.keys() & LOOPS
        return self._swept.is_set() and self._fresh() and commits and not full and not fails

    def _fresh(self) -> bool:
        """Whether nobody else can hold our shards yet, by our own clock."""
        return self._clock() - self._leased_at < limits.lease_ms / 1000

    def wake(self) -> None:
        """Something may lie in the inbox."""
        self._woken.set()

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
        if (crowds := self._crowds) is not None:
            self._repeat("crowds", crowds.step, lambda: asyncio.sleep(limits.crowd_look_ms / 1000), after=self._swept)

    def _repeat(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        pause: Callable[[], Awaitable[object]],
        after: asyncio.Event | None = None,
    ) -> None:
        """`after`: what the first turn waits for."""

        async def step() -> None:
            if after is not None and not begun.is_set():
                await after.wait()
                begun.set()
            await work()

        begun = asyncio.Event()
        self._tasks.append(self._background.repeat(name, step, pause))

    async def stop(self) -> None:
        """Stop taking anything on. The shards are given up by `release`, after what is under way has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def release(self) -> None:
        """Give the shards up, so that nobody has to wait for the lease to run out."""
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
        await self._driver.damage.mend(self._clock(), self._driver.epoch_of)

    async def _pause_collecting(self, collection: Collector) -> None:
        await asyncio.sleep((limits.collect_again_ms if self._collects_on else collection.pause_ms) / 1000)

    async def _renew(self) -> None:
        asked_at = self._clock()
        leases, _, pending = await self._log.lease(self._owner, limits.shards_count)
        self._leased_at = asked_at  # the log counts from later on
        held = {lease.shard: lease.epoch for lease in leases}
        # by epoch and not by what the log calls newly acquired: that answer may have been lost on its way
        anew = self._driver.hold(held)
        self._unswept = (self._unswept | anew | self._driver.take_lost()) & held.keys()
        if self._unswept:
            self._due.set()
        elif not held:
            self._swept.set()  # others have all shards; a start can be taken here all the same
        self._set_about(pending)

    def _set_about(self, pending: Pending) -> None:
        """Wake the loops that have something to do."""
        if pending.arrived:
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
        """Take up every session of the shards that are ours anew. Apart from the leases, which must not wait for it;
        remembered until it is done, because a sweep that the log does not answer is due again."""
        due, self._unswept = self._unswept, set()
        self._due.clear()
        shards, found = len(due), 0
        try:
            while due:
                # one after the other: a service may have more open sessions than one answer is to name
                shard = min(due)
                since = self._driver.due_since(shard)
                keys = await self._log.unfinished([shard])
                await self._driver.recover(keys)
                found += len(keys)
                self._driver.swept(shard, since)
                due.discard(shard)
        except BaseException:
            self._unswept |= due
            self._due.set()
            raise
        logger.info("shards.swept", shards=shards, sessions=found)
        self._swept.set()
        self.wake()

    async def _take(self) -> None:
        while True:
            self._woken.clear()
            self._driver.about_to_take()
            with self._taking.asked() as rows:
                taken = await self._log.take(rows, self._taken)
            self._taken = ()
            self._taken = self._driver.take(taken)
            self._driver.taken_in()
            full = len(taken) >= rows or sum(len(one.message.payload) for one in taken) >= limits.batch_bytes_max
            if not full and not self._woken.is_set():
                return

    async def _resend(self) -> None:
        """Try again what may be taken by now, and tell sessions of what never will be."""
        self._unsent.clear()
        with self._resending.asked() as rows:
            self._resends_on = bool(await self._log.resend(rows))
        self._driver.undelivered(await self._log.undelivered(limits.undelivered_rows_max))

    async def _pause_resending(self) -> None:
        """While something was due, what is refused again may soon be so anew."""
        if self._resends_on:
            await asyncio.sleep(limits.outbox_retry_ms / 1000)
        else:
            await self._unsent.wait()

    def _set_timer(self, seconds: float) -> None:
        """One that is due before the next look is looked for then."""
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
        """Until the next timer is due, or one is set or found that may be due before."""
        next_s = None if self._next_s is None else max(limits.timer_look_ms / 1000, self._next_s)
        try:
            async with asyncio.timeout(next_s):
                await self._timed.wait()
        except TimeoutError:
            pass
